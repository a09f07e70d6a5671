import { InvalidOptionError } from '../errors.js';
import { durationMs } from '../runtime/duration.js';
import { messageOf } from '../runtime/message-of.js';

/** A flag of a command, as data. What is given is text; what the command gets is `T`. */
export interface Flag<T> {
  /** As the help writes it: `-Q, --queues <names>`. */
  readonly term: string;
  readonly summary: string;
  /** Given more than once, the values are joined by commas. */
  readonly joins: boolean;
  /** Left out of the help. */
  readonly hidden: boolean;
  /** Words it takes, for completion. */
  readonly words: readonly string[];
  /** Environment variables it is read from besides its twins. */
  readonly env: readonly string[];
  /** @param given undefined when the flag is absent; `''` for one without its optional value @param name as in `--queues` */
  readonly read: (given: string | undefined, name: string) => T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;
export type ValuesOf<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

type Extras = Partial<Pick<Flag<unknown>, 'env' | 'words'>>;

function flag<T>(
  term: string,
  summary: string,
  read: Flag<T>['read'],
  extras: Extras & { joins?: boolean; hidden?: boolean } = {},
): Flag<T> {
  return Object.freeze({ joins: false, hidden: false, words: [], env: [], ...extras, term, summary, read });
}

/** On or off. */
export const isOn = (term: string, summary: string, extras?: Extras): Flag<boolean> =>
  flag(
    term,
    summary,
    (given, name) => {
      if (given === undefined) return false;
      const word = given.toLowerCase();
      if (['', 'true', '1', 'yes', 'on'].includes(word)) return true;
      if (['false', '0', 'no', 'off'].includes(word)) return false;
      throw new InvalidOptionError(name, `expected true or false, got ${JSON.stringify(given)}`);
    },
    extras,
  );

export const text = (term: string, summary: string, extras?: Extras): Flag<string | undefined> =>
  flag(term, summary, (given, name) => (given === undefined ? undefined : filled(given, name)), extras);

export const word = <const W extends string>(
  term: string,
  summary: string,
  words: readonly W[],
): Flag<W | undefined> =>
  flag(
    term,
    summary,
    (given, name) => {
      if (given === undefined) return undefined;
      const found = words.find((known) => known.toLowerCase() === given.toLowerCase());
      if (found !== undefined) return found;
      throw new InvalidOptionError(name, `expected one of ${words.join(', ')}, got ${JSON.stringify(given)}`);
    },
    { words },
  );

/** Several, with commas between them. */
export const names = (term: string, summary: string, extras?: Extras): Flag<readonly string[] | undefined> =>
  flag(
    term,
    summary,
    (given, name) => {
      if (given === undefined) return undefined;
      const found = filled(given, name)
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== '');
      if (found.length > 0) return Object.freeze(found);
      throw new InvalidOptionError(
        name,
        `expected names with commas between them, got ${JSON.stringify(given)}`,
      );
    },
    { ...extras, joins: true },
  );

export const integer = (term: string, summary: string, min = 0): Flag<number | undefined> =>
  flag(term, summary, (given, name) => {
    if (given === undefined) return undefined;
    const found = /^\d+$/.test(given) ? Number(given) : NaN;
    if (Number.isSafeInteger(found) && found >= min) return found;
    throw new InvalidOptionError(name, `expected an integer, ${min} or more, got ${JSON.stringify(given)}`);
  });

/** To ms: seconds, or a number with its unit. @param bare what the flag without a value stands for */
export const duration = (term: string, summary: string, bare?: string): Flag<number | undefined> =>
  flag(term, summary, (given, name) => {
    if (given === undefined) return undefined;
    const written = given === '' && bare !== undefined ? bare : given;
    const foundMs = durationMs(/^-?\d+(\.\d+)?$/.test(written) ? Number(written) : written, name);
    if (foundMs >= 0) return foundMs;
    throw new InvalidOptionError(name, `expected a duration of 0 or more, got ${JSON.stringify(given)}`);
  });

export const jsonList = (term: string, summary: string): Flag<readonly unknown[] | undefined> =>
  flag(term, summary, (given, name) => {
    if (given === undefined) return undefined;
    const found = parsed(given, name, `'[1, "two"]'`);
    if (Array.isArray(found)) return found;
    throw new InvalidOptionError(
      name,
      `expected a JSON list such as '[1, "two"]', got ${JSON.stringify(given)}`,
    );
  });

export const jsonObject = (
  term: string,
  summary: string,
): Flag<Readonly<Record<string, unknown>> | undefined> =>
  flag(term, summary, (given, name) => {
    if (given === undefined) return undefined;
    const found = parsed(given, name, `'{"to": "ada"}'`);
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return { ...found };
    throw new InvalidOptionError(
      name,
      `expected a JSON object such as '{"to": "ada"}', got ${JSON.stringify(given)}`,
    );
  });

/** One of Celery's that is not here: refused by name, with what to do instead. */
export const refused = (term: string, reason: string): Flag<undefined> =>
  flag(
    term,
    reason,
    (given, name) => {
      if (given === undefined) return undefined;
      throw new InvalidOptionError(name, `is not supported: ${reason}`);
    },
    { hidden: true },
  );

/** `--queues` of `-Q, --queues <names>`. */
export function longName({ term }: Flag<unknown>): string {
  return /--[\w-]+/.exec(term)?.[0] ?? term;
}

function filled(given: string, name: string): string {
  if (given !== '') return given;
  throw new InvalidOptionError(name, 'needs a value');
}

function parsed(given: string, name: string, example: string): unknown {
  try {
    return JSON.parse(given);
  } catch (error) {
    const reason = messageOf(error);
    throw new InvalidOptionError(
      name,
      `${JSON.stringify(given)} is not JSON (${reason}). Write for example ${name} ${example}`,
    );
  }
}
