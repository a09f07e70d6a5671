import type { FromChild, ToChild } from './protocol.js';

/** A process or thread of a pool, seen from its parent. */
export interface Child {
  /** `process 4711`, `thread 3`. */
  readonly name: string;
  /** Process id; undefined for a thread. */
  readonly pid: number | undefined;
  /** Never throws: a child that has gone hears nothing, and its exit is told anyway. */
  send(message: ToChild): void;
  /** SIGKILL, or the end of the thread. `onExit` follows. */
  kill(): void;
}

export interface ChildEvents {
  /** In the order in which they were sent; none after `onExit`. */
  readonly onMessage: (message: FromChild) => void;
  /** Called once. @param how for people: `exit code 1`, `signal SIGKILL` */
  readonly onExit: (how: string) => void;
}

export type SpawnChild = (events: ChildEvents) => Child;

/** What is run in a child: a script that makes the same worker. */
export interface ChildEntry {
  /** Path of the script. */
  readonly file: string;
  readonly argv: readonly string[];
  /** Node's own flags, for processes; threads inherit theirs. */
  readonly execArgv: readonly string[];
  readonly mark: ChildMark;
}

/** What a child is told at its birth, by which it knows that it is one. */
export interface ChildMark {
  /** Name of the app whose tasks it runs. */
  readonly app: string;
  /** Name of its pool. */
  readonly pool: string;
  /** Node name of the worker. */
  readonly hostname: string;
  /** Where results for this worker's process are sent to, if they travel as messages. */
  readonly replyTo: string | undefined;
}
