import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import { longName, type Flag, type Flags, type ValuesOf } from './flag.js';
import type { Args, Given, Usage, WordsOf } from './usage.js';

/** What the parser found: text by the flags' keys, and the words in order. */
export interface RawGiven {
  readonly flags: ReadonlyMap<string, string>;
  readonly words: readonly (string | undefined | readonly string[])[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidOptionError for a value that a flag cannot have */
export function readGiven<F extends Flags, A extends Args>(
  command: string,
  { flags, args }: Usage<F, A>,
  raw: RawGiven,
  env: Environment,
): Given<F, A> {
  return { flags: readFlags(flags, raw.flags, env, command), args: readWords(args, raw.words) };
}

/**
 * @param command whose flags they are; '' for those of all
 * @throws InvalidOptionError
 */
export function readFlags<F extends Flags>(
  flags: F,
  given: ReadonlyMap<string, string>,
  env: Environment,
  command: string,
): ValuesOf<F> {
  const read = Object.entries(flags).map(([key, flag]) => {
    const name = longName(flag);
    const own = given.get(key);
    if (own !== undefined) return [key, flag.read(own, name)] as const;
    const variable = twinsOf(flag, command).find((twin) => env[twin] !== undefined && env[twin] !== '');
    return [
      key,
      variable === undefined ? flag.read(undefined, name) : flag.read(env[variable], variable),
    ] as const;
  });
  return Object.freeze(Object.fromEntries(read)) as ValuesOf<F>;
}

/** Environment variables a flag is read from: ours, then Celery's, then what it names itself. */
export function twinsOf(flag: Flag<unknown>, command: string): readonly string[] {
  const words = [...command.split(' '), ...longName(flag).slice(2).split('-')].filter((each) => each !== '');
  const twin = words.join('_').toUpperCase();
  return command === ''
    ? [`NEST_CELERY_${twin}`, ...flag.env]
    : [`NEST_CELERY_${twin}`, `CELERY_${twin}`, ...flag.env];
}

function readWords<A extends Args>(args: A, words: RawGiven['words']): WordsOf<A> {
  const read = Object.entries(args).map(([key, { term, words: known, closed }], index) => {
    const given = words[index];
    const refused = closed
      ? [given].flat().find((each) => each !== undefined && !known.includes(each))
      : undefined;
    if (refused === undefined) return [key, given] as const;
    const meant = nearest(refused, known);
    throw new InvalidOptionError(
      term,
      `${JSON.stringify(refused)} is not known.` +
        (meant === undefined ? ` Known: ${known.join(', ')}` : ` Did you mean ${JSON.stringify(meant)}?`),
    );
  });
  return Object.freeze(Object.fromEntries(read)) as WordsOf<A>;
}
