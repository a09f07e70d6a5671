import type { ScriptRunner } from '../redis/redis.script.js';
import type { ChordStore } from './chord-store.js';

/** Where results stay. Knows task ids and states; knows nothing of queues or canvases. */
export interface ResultBackend {
  /** Scheme of its URL, for messages to people. */
  readonly kind: string;
  /** Without credentials. */
  readonly url: string;
  readonly supports: BackendSupport;

  /** @throws BackendUnavailableError after the first failed attempt if `failFast`, else keeps trying until closed */
  connect(options?: { readonly failFast?: boolean }): Promise<void>;

  /**
   * Stores the state and tells whoever waits. A stored SUCCESS is never overwritten. Resolves once stored, and says
   * whether it was or a SUCCESS stands in its way.
   * @throws BackendUnavailableError when it could not be stored before the deadline
   */
  store(meta: TaskMeta, address: ReplyAddress): Promise<Stored>;

  /** The stored state; undefined when nothing is known of the id (Celery's PENDING). */
  get(taskId: string): Promise<TaskMeta | undefined>;

  /**
   * Calls `onMeta` for each state stored from now on, and soon with the state stored already, if any. Call it before
   * sending the task. Survives lost connections: what was stored meanwhile is told after. A state may be told twice, and
   * one that was overtaken not at all; never one after a newer one. Cheap: no connection, channel or timer per call.
   * @param onUnreadable called for a stored state that this process cannot read, which would else be waited for in vain
   */
  watch(taskId: string, onMeta: OnMeta, onUnreadable?: (error: Error) => void): Unwatch;

  /** Removes the stored state. Unknown ids are no error. */
  forget(taskId: string): Promise<void>;

  /**
   * Keeps a group's result tuple (Celery's `as_tuple`) under its id, for as long as results are kept.
   * @throws UnsupportedError where nothing is kept (rpc); BackendUnavailableError
   */
  saveGroup(groupId: string, tuple: unknown): Promise<void>;

  /** The tuple that was saved, by us or by Python; undefined when there is none, or none any more. */
  restoreGroup(groupId: string): Promise<unknown>;

  /** Removes the saved tuple; the results of its members stay. Unknown ids are no error. */
  deleteGroup(groupId: string): Promise<void>;

  /** Counts the parts of chords; undefined where nothing can (rpc). */
  readonly chords: ChordStore | undefined;

  /** Set where results are kept in a Redis: what else workers share may be kept there too. */
  readonly scripts?: ScriptRunner | undefined;

  /** Queue that results for this process are sent to (`reply_to`), where results travel as messages. */
  readonly replyTo: string | undefined;

  /** Lets go of every connection and watcher. Safe to repeat. */
  close(): Promise<void>;
}

export interface BackendSupport {
  /** False: only the process that sent a task can read its result, once (rpc). */
  readonly shared: boolean;
}

/** `kept`: another run of the task has succeeded before, and that SUCCESS stays. */
export type Stored = 'stored' | 'kept';

/** Must not throw. */
export type OnMeta = (meta: TaskMeta) => void;
export type Unwatch = () => void;

/** Celery's states. Any other upper-case word is a custom one. */
export type TaskState =
  'PENDING' | 'RECEIVED' | 'STARTED' | 'SUCCESS' | 'FAILURE' | 'RETRY' | 'REVOKED' | (string & {});

export const READY_STATES: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);
/** States whose `result` is an exception. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(['FAILURE', 'RETRY', 'REVOKED']);

/** One task's stored state: Celery's task meta document, understood. Frozen. */
export interface TaskMeta {
  readonly taskId: string;
  readonly status: TaskState;
  /** The return value; a `RemoteError` in exception states; the caller's data in custom states. */
  readonly result: unknown;
  readonly traceback: string | undefined;
  /** What this task sent, as Celery's result tuples `[[id, parent], children | null]`. */
  readonly children: readonly unknown[] | undefined;
  /** ISO text; set in ready states only. */
  readonly dateDone: string | undefined;
  readonly groupId: string | undefined;
  readonly parentId: string | undefined;
  /** With `resultExtended` only. */
  readonly extended: ExtendedMeta | undefined;
}

export interface ExtendedMeta {
  readonly name: string;
  readonly args: unknown;
  readonly kwargs: unknown;
  readonly worker: string;
  readonly retries: number;
  readonly queue: string;
  readonly stamps: Readonly<Record<string, unknown>>;
}

/** Where a result goes when it travels as a message; from the request's properties. */
export interface ReplyAddress {
  readonly replyTo: string | undefined;
  readonly correlationId: string;
}
