import { InvalidOptionError } from '../errors.js';
import { readParameters, type WrittenParameter } from './parameter-source.js';
import type { Parameters } from './task.definition.js';

/** What `parametersOf` needs to know besides the function. */
export interface ParameterHints {
  /** Position of the `TaskContext` parameter, which is no argument of the call. */
  readonly contextIndex?: number | undefined;
  /** Positions of parameters that their own decorators fill in. */
  readonly decorated?: readonly number[] | undefined;
  /** `@Task({ params })`: names in order, without the context; `name?` is optional, `...name` takes the rest. */
  readonly params?: readonly string[] | undefined;
  /** `@Task({ typing: false })`: nothing is required. */
  readonly typing?: boolean | undefined;
}

/**
 * What a task method takes, read from its source. A parameter is optional when it has a default; TypeScript's `name?`
 * leaves no trace in the source, so such a parameter needs a default or `params: ['name?']`.
 * @throws InvalidOptionError when `params` names fewer parameters than the method has
 */
export function parametersOf(fn: (...args: never[]) => unknown, hints: ParameterHints = {}): Parameters {
  const written = (readParameters(String(fn)) ?? unnamed(fn.length)).filter(
    (_, index) => index !== hints.contextIndex && hints.decorated?.includes(index) !== true,
  );
  const named = hints.params === undefined ? written : renamed(fn.name, written, hints.params);
  const taken = named.filter((parameter) => !parameter.rest);
  const firstOptional = taken.findIndex((parameter) => parameter.optional);
  return Object.freeze({
    method: fn.name === '' ? 'task' : fn.name,
    names: Object.freeze(taken.map((parameter) => parameter.name)),
    required: hints.typing === false ? 0 : firstOptional === -1 ? taken.length : firstOptional,
    rest: taken.length < named.length,
  });
}

/**
 * The arguments a task method is called with, in its own order: positional ones first, keyword arguments put where the
 * parameter of that name stands. A parameter nobody gives is `undefined`, so that its default applies.
 * @throws TypeError in Python's words: missing, unexpected, too many or doubled arguments
 */
export function bindArguments(
  parameters: Parameters,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const { method, names, required, rest } = parameters;
  if (args.length > names.length && !rest) throw tooMany(parameters, args.length);
  const bound = [...args];
  const filled = new Set<number>();
  for (const key of Object.keys(kwargs)) {
    const index = names.indexOf(key);
    if (index === -1) throw unexpected(parameters, key);
    if (index < args.length)
      throw new TypeError(`${method}() got multiple values for argument ${quoted(key)}`);
    filled.add(index);
    while (bound.length <= index) bound.push(undefined);
    bound[index] = kwargs[key];
  }
  const missing: number[] = [];
  for (let index = args.length; index < required; index += 1) if (!filled.has(index)) missing.push(index);
  if (missing.length > 0) throw lacking(parameters, missing);
  return bound;
}

/** For functions without a source of their own (`bind`, native ones): as many as they say they take. */
function unnamed(count: number): WrittenParameter[] {
  return Array.from({ length: count }, () => ({ name: undefined, optional: false, rest: false }));
}

/** Where the source shows the same parameters, its defaults count too. */
function renamed(
  method: string,
  written: readonly WrittenParameter[],
  params: readonly string[],
): readonly WrittenParameter[] {
  const plain = written.filter((parameter) => !parameter.rest);
  if (params.length < plain.length) {
    throw new InvalidOptionError(
      'task.params',
      `${method}() takes ${plain.length} arguments, but only ${params.length} are named: ${params.join(', ')}`,
    );
  }
  return params.map((text, index) => ({
    name: text.replace(/^\.\.\./, '').replace(/\?$/, ''),
    optional: text.endsWith('?') || plain[index]?.optional === true,
    rest: text.startsWith('...'),
  }));
}

function tooMany({ method, names, required }: Parameters, given: number): TypeError {
  const most = names.length;
  const takes = required === most ? `${most}` : `from ${required} to ${most}`;
  const plural = most === 1 ? '' : 's';
  const were = given === 1 ? 'was' : 'were';
  return new TypeError(`${method}() takes ${takes} positional argument${plural} but ${given} ${were} given`);
}

function unexpected({ method, names }: Parameters, key: string): TypeError {
  const hint = names.includes(undefined)
    ? '. Some of its parameters have no name in the source: name them with `params`'
    : '';
  return new TypeError(`${method}() got an unexpected keyword argument ${quoted(key)}${hint}`);
}

function lacking({ method, names }: Parameters, missing: readonly number[]): TypeError {
  const words = missing.map((index) => quoted(names[index] ?? `argument ${index + 1}`));
  const listed =
    words.length < 3 ? words.join(' and ') : `${words.slice(0, -1).join(', ')}, and ${words.at(-1)}`;
  const plural = words.length === 1 ? '' : 's';
  return new TypeError(
    `${method}() missing ${words.length} required positional argument${plural}: ${listed}`,
  );
}

/** Keyword names come from the wire: cut, and without control characters. */
function quoted(name: string): string {
  return `'${name.slice(0, 100).replace(/[\p{Cc}\p{Cf}]/gu, '?')}'`;
}
