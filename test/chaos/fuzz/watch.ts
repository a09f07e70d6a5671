import { setImmediate } from 'node:timers/promises';
import { costMs } from './cost.js';
import { heapInUse } from '../heap.js';

const PROTOTYPES: readonly object[] = [
  [Object, Array, Function, String, Number, Boolean, BigInt, Symbol, Date, RegExp, Error, Map, Set, Promise],
  Buffer,
  Uint8Array,
]
  .flat()
  .map(({ prototype }) => prototype as object);

/** What hangs on the prototypes, by name, and the names of what is global: Node makes some of it when it is first used. */
function inventory(): ReadonlyMap<string, unknown> {
  const holders = [...PROTOTYPES, Object, Array, Function, JSON, Math, Reflect];
  const globals = Reflect.ownKeys(globalThis).map((key) => [String(key), 'global'] as const);
  return new Map<string, unknown>([
    ...globals,
    ...holders.flatMap((holder, index) =>
      Reflect.ownKeys(holder).map((key) => {
        const { value, get } = Reflect.getOwnPropertyDescriptor(holder, key) ?? {};
        return [`${index}.${String(key)}`, get ?? value] as const;
      }),
    ),
  ]);
}

/** Names that came, went or mean something else. */
function changes(before: ReadonlyMap<string, unknown>): string[] {
  const after = inventory();
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter(
    (name) => before.has(name) !== after.has(name) || !Object.is(before.get(name), after.get(name)),
  );
}

/** No input may take longer, ms. */
export const LONGEST_MS = 50;
/** With a machine full of other work, only a hang shows. */
const HANG_MS = 1_000;
/** Inputs between two looks at prototypes. */
const LOOK_EVERY = 10_000;
/** Inputs between two turns of the event loop. */
const TURN_EVERY = 100;
/** What may come and go, MiB. */
const HEAP_SPARE_MIB = 8;
/** Slow alone may be the machine: the same again is as slow. */
const TRIES = 5;
const MOST_FINDINGS = 5;

export interface WatchWish<T = Buffer> {
  readonly rounds: number;
  /** False: nothing but a hang counts. */
  readonly isTimed: boolean;
  /** What is read of an input, true, or its refusal, false. Throws where a promise is broken. */
  readonly reads: (input: T) => boolean | Promise<boolean>;
  readonly next: (round: number) => T;
  /** An input, for people; default: its bytes. */
  readonly shows?: (input: T) => string;
}

export interface Watched {
  readonly read: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly broken: readonly string[];
}

/** Gives input after input to a reader that must neither throw, nor take long, nor grow, nor change what everybody uses. */
export async function watched<T = Buffer>(wish: WatchWish<T>): Promise<Watched> {
  const { rounds, isTimed, reads, next, shows = (input: T) => JSON.stringify(String(input)) } = wish;
  const limitMs = isTimed ? LONGEST_MS : HANG_MS;
  const before = inventory();
  const broken: string[] = [];
  let [read, slowestMs] = [0, 0];
  let warmBytes = 0;
  const timed = (input: T): Promise<number> =>
    costMs(async () => {
      if (await reads(input)) read += 1;
    });
  for (let round = 0; round < rounds; round += 1) {
    const input = next(round);
    try {
      let tookMs = await timed(input);
      for (let again = 1; tookMs > limitMs && again < TRIES; again += 1) {
        const readBefore = read;
        tookMs = Math.min(tookMs, await timed(input));
        read = readBefore;
      }
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > limitMs) broken.push(`took ${Math.round(tookMs)} ms: ${cut(shows(input))}`);
    } catch (error) {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
      broken.push(`${said.split('\n').slice(0, 4).join(' ')}, from ${cut(shows(input))}`);
    }
    if (broken.length >= MOST_FINDINGS) break;
    // What waits for the next turn of the event loop is no leak.
    if (round % TURN_EVERY === 0) await setImmediate();
    if (round === Math.floor(rounds / 5)) warmBytes = heapInUse();
    if (round % LOOK_EVERY === LOOK_EVERY - 1 && changes(before).length > 0) break;
  }
  const changed = changes(before);
  if (changed.length > 0) broken.push(`prototypes or globals have changed: ${changed.join(', ')}`);
  const grownMiB = (heapInUse() - warmBytes) / 2 ** 20;
  if (grownMiB > HEAP_SPARE_MIB) broken.push(`the heap grew by ${grownMiB.toFixed(1)} MiB`);
  return { read, refused: rounds - read, slowestMs, broken };
}

const LONGEST_SHOWN = 4_000;

/** Whole where it is short, so that a test can be made of it. */
function cut(text: string): string {
  return text.slice(0, LONGEST_SHOWN);
}
