import type { Flags, ValuesOf } from './flag.js';

/** A word that a command takes, as data. */
export interface Arg<T extends string | undefined | readonly string[]> {
  /** `<task>`, `[file]`, `[ids...]` */
  readonly term: string;
  readonly summary: string;
  /** Words it takes, for completion; others are refused where `closed`. */
  readonly words: readonly string[];
  readonly closed: boolean;
  /** Never called: tells the compiler what the command gets. */
  readonly gives?: () => T;
}

export type Args = Readonly<Record<string, Arg<string | undefined | readonly string[]>>>;
export type WordsOf<A extends Args> = { readonly [K in keyof A]: A[K] extends Arg<infer T> ? T : never };

interface ArgExtras {
  readonly words?: readonly string[];
  readonly closed?: boolean;
}

export const one = (name: string, summary: string, extras: ArgExtras = {}): Arg<string> =>
  arg(`<${name}>`, summary, extras);
export const maybe = (name: string, summary: string, extras: ArgExtras = {}): Arg<string | undefined> =>
  arg(`[${name}]`, summary, extras);
export const some = (name: string, summary: string, extras: ArgExtras = {}): Arg<readonly string[]> =>
  arg(`[${name}...]`, summary, extras);

function arg<T extends string | undefined | readonly string[]>(
  term: string,
  summary: string,
  { words = [], closed = false }: ArgExtras,
): Arg<T> {
  return Object.freeze({ term, summary, words, closed });
}

/** Headings of the help, in its order. */
export const HEADINGS = ['Run', 'Tasks', 'Queues', 'Workers', 'Help'] as const;

/** A command, as the help of all lists it. */
export interface Head {
  /** `call`, `quarantine replay` */
  readonly name: string;
  readonly heading: (typeof HEADINGS)[number];
  readonly summary: string;
}

/** What a command takes, as data: its own help shows it, and words and flags are read by it. */
export interface Usage<F extends Flags = Flags, A extends Args = Args> {
  readonly details?: string;
  readonly args: A;
  readonly flags: F;
  readonly examples: readonly string[];
}

/** What a command is called with. */
export interface Given<F extends Flags = Flags, A extends Args = Args> {
  readonly flags: ValuesOf<F>;
  readonly args: WordsOf<A>;
}
export type GivenTo<U> = U extends Usage<infer F, infer A> ? Given<F, A> : never;

/** Keeps the exact types of what is written. */
export function usage<const F extends Flags, const A extends Args>(written: Usage<F, A>): Usage<F, A> {
  return Object.freeze(written);
}
