import { UndecodableMessageError } from '../errors.js';
import { parseCeleryDate } from './celery-date.js';
import type { SignatureDict } from './signature.js';
import type { Embed } from './task-message.js';

/** Checks of single fields from the wire: the value as it came in, the value as the code uses it out. */

export type Fields = Readonly<Record<string, unknown>>;

const MAX_NAME_LENGTH = 255;
const MAX_ID_LENGTH = 512;
const MAX_DISPLAY_LENGTH = 4096;
const MAX_CALLBACKS = 1_000;

/** A plain object: a revived date or decimal is none. */
export function isRecord(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function refuse(reason: string): never {
  throw new UndecodableMessageError(reason);
}

export function taskNameField(value: unknown): string {
  if (typeof value !== 'string' || value === '') return refuse(`task name is ${shown(value)}`);
  if (value.length > MAX_NAME_LENGTH) return refuse(`task name is longer than ${MAX_NAME_LENGTH} characters`);
  return value;
}

export function idField(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '')
    return refuse(`${what} is ${shown(value)}, not a non-empty string`);
  if (value.length > MAX_ID_LENGTH) return refuse(`${what} is longer than ${MAX_ID_LENGTH} characters`);
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : refuse(`${name} is ${shown(value)}, not a string`);
}

/** Absent when empty, as Python's `or` has it. */
export function optionalId(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return value === undefined || value === null || value === '' ? undefined : idField(value, name);
}

/** Text for people: cut when it is long, and anything else counts as absent. */
export function displayText(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value !== 'string') return undefined;
  return value.length > MAX_DISPLAY_LENGTH ? value.slice(0, MAX_DISPLAY_LENGTH).toWellFormed() : value;
}

export function countField(fields: Fields, name: string): number {
  return optionalCount(fields, name) ?? 0;
}

export function optionalCount(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(`${name} is ${shown(value)}, not a count`);
}

/** Celery's date text; undefined for null and absence. Empty text, 0 and numbers are refused: they crash Python's workers. */
export function dateField(
  fields: Fields,
  name: string,
  naive?: 'local',
): { readonly text: string; readonly ms: number } | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === 'string' ? parseCeleryDate(value, naive) : undefined;
  if (typeof value !== 'string' || ms === undefined)
    return refuse(`${name} is ${shown(value)}, not an ISO 8601 date`);
  return { text: value, ms };
}

export function timeLimitField(value: unknown): {
  readonly hard: number | undefined;
  readonly soft: number | undefined;
} {
  if (value === undefined || value === null) return NO_LIMITS;
  if (!Array.isArray(value) || value.length > 2)
    return refuse(`timelimit is ${shown(value)}, not [hard, soft]`);
  const [hard, soft] = value.map((each, index) => limit(each, index === 0 ? 'hard' : 'soft'));
  return { hard, soft };
}

const NO_LIMITS = Object.freeze({ hard: undefined, soft: undefined });

function limit(value: unknown, which: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  return refuse(`${which} time limit is ${shown(value)}, not seconds`);
}

export function argsField(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`args is ${shown(value)}, not a list`);
}

export function kwargsField(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : refuse(`kwargs is ${shown(value)}, not an object`);
}

export function embedField(value: unknown): Embed {
  if (value === undefined || value === null) return NO_EMBED;
  if (!isRecord(value)) return refuse(`embed is ${shown(value)}, not an object`);
  return {
    callbacks: signatures(value['callbacks'], 'callbacks'),
    errbacks: signatures(value['errbacks'], 'errbacks'),
    chain: signatures(value['chain'], 'chain'),
    chord:
      value['chord'] === undefined || value['chord'] === null
        ? undefined
        : signatureField(value['chord'], 'chord'),
  };
}

const NO_EMBED: Embed = Object.freeze({ callbacks: [], errbacks: [], chain: [], chord: undefined });

function signatures(value: unknown, what: string): readonly SignatureDict[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return refuse(`${what} is ${shown(value)}, not a list`);
  if (value.length > MAX_CALLBACKS) return refuse(`${what} has more than ${MAX_CALLBACKS} entries`);
  return value.map((each, index) => signatureField(each, `${what}[${index}]`));
}

/** A signature dictionary, whatever Python put in it besides. */
export function signatureField(value: unknown, what: string): SignatureDict {
  if (!isRecord(value)) return refuse(`${what} is ${shown(value)}, not a signature`);
  const { task, args, kwargs, options, subtask_type: subtaskType, immutable, ...rest } = value;
  return {
    ...rest,
    task: typeof task === 'string' && task !== '' ? task : refuse(`${what} names no task`),
    args: args === undefined || args === null ? [] : argsField(args),
    kwargs: kwargs === undefined || kwargs === null ? {} : kwargsField(kwargs),
    options: options === undefined || options === null ? {} : kwargsField(options),
    subtask_type:
      subtaskType === undefined || subtaskType === null ? null : subtaskTypeField(subtaskType, what),
    immutable: immutable === true,
  };
}

/** Whether it is known shows when the signature is to be sent. To Python an empty one is none. */
function subtaskTypeField(value: unknown, what: string): string | null {
  if (typeof value !== 'string') return refuse(`the subtask_type of ${what} is ${shown(value)}, not text`);
  return value === '' ? null : value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value)) return 'an object';
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  return value === null ? 'null' : `a ${typeof value}`;
}
