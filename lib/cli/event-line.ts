import type { CeleryEvent } from '../events/event.js';
import { printable } from '../worker/printable.js';

/** Written in front of the others, or not at all. */
const APART: ReadonlySet<string> = new Set([
  'type',
  'hostname',
  'timestamp',
  'uuid',
  'name',
  'args',
  'kwargs',
  'fields',
]);
const LONGEST = 500;

/** One event in the line that `celery events --dump` has for it, so that scripts read both. @param nameOf of a task, from its earlier events */
export function eventLine(event: CeleryEvent, nameOf: (taskId: string) => NamedTask | undefined): string {
  const at = new Date(event.timestamp * 1000).toISOString().replace('T', ' ').replace('Z', '+00:00');
  const rest = Object.entries(flat(event))
    .filter(([field, value]) => !APART.has(field) && value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, value]) => `${field}=${shown(value)}`)
    .join(', ');
  return printable(`${event.hostname} [${at}] ${subjectOf(event, nameOf)} ${rest}`, 20_000);
}

export interface NamedTask {
  readonly name: string | undefined;
  readonly args: string | undefined;
  readonly kwargs: string | undefined;
}

function subjectOf(event: CeleryEvent, nameOf: (taskId: string) => NamedTask | undefined): string {
  const what = (event.type === 'custom' ? event.name : event.type).replace('-', ' ');
  if (!('uuid' in event) || event.uuid === undefined) return `${what.replace(/^worker /, '')}:`;
  const { uuid } = event;
  const { name, args, kwargs } = nameOf(uuid) ?? { name: undefined, args: undefined, kwargs: undefined };
  return `${what}: ${name ?? ''}(${uuid}) args=${args ?? ''} kwargs=${kwargs ?? ''}`;
}

function flat(event: CeleryEvent): Readonly<Record<string, unknown>> {
  return event.type === 'custom' ? { ...event.fields, ...event } : { ...event };
}

/** As Python would, so that one script reads the events of both. */
function shown(value: unknown): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'bigint') return String(value);
  const written = typeof value === 'string' ? value : (JSON.stringify(value, plain) ?? '');
  return written.length > LONGEST ? `${written.slice(0, LONGEST)}...` : written;
}

/** Integers beyond 2^53 are written as they came. */
function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
