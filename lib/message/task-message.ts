import type { SignatureDict } from './signature.js';

/** A task message understood: protocol 1 and 2 look alike from here on. Deeply read-only, frozen at the top. */
export interface TaskMessage {
  readonly id: string;
  /** Registered name of the task to run. */
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed: Embed;

  /** How often it was retried: 0 on the first attempt. */
  readonly retries: number;
  /** Not before, ms since the epoch. */
  readonly etaMs: number | undefined;
  /** Not after, ms since the epoch. */
  readonly expiresMs: number | undefined;
  /** The text of `expires` as received, so that a retry sends it on unchanged. */
  readonly expires: string | undefined;
  /** Seconds. Celery's `timelimit` is `[hard, soft]` on the wire. */
  readonly timeLimit: { readonly hard: number | undefined; readonly soft: number | undefined };

  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
  /** Position in the group. */
  readonly groupIndex: number | undefined;
  /** Name shown in logs and events instead of the task's. */
  readonly shadow: string | undefined;
  readonly origin: string | undefined;
  readonly argsrepr: string;
  readonly kwargsrepr: string;
  /** Per-call setting; undefined leaves it to the task. */
  readonly ignoreResult: boolean | undefined;
  readonly replacedTaskNesting: number;
  readonly stampedHeaders: readonly string[];
  readonly stamps: Readonly<Record<string, unknown>>;

  readonly correlationId: string;
  readonly replyTo: string | undefined;
  readonly priority: number;
  /** Headers that Celery does not know: the caller's own. Sent on by a retry. */
  readonly customHeaders: Readonly<Record<string, unknown>>;

  /** The serializer's name: `json`, `msgpack`, `yaml`. A retry uses the same. */
  readonly serializer: string;
  /** Compression as named in the header; undefined when none, or one that can only be read. A retry uses the same. */
  readonly compression: string | undefined;
}

/** What follows the task; rides in the third element of the body. */
export interface Embed {
  /** Run on success (`link`). */
  readonly callbacks: readonly SignatureDict[];
  /** Run on failure (`link_error`). */
  readonly errbacks: readonly SignatureDict[];
  /** Celery keeps it reversed: the last element runs next. */
  readonly chain: readonly SignatureDict[];
  /** Body of the chord this task is a header member of. */
  readonly chord: SignatureDict | undefined;
}

export const EMPTY_EMBED: Embed = Object.freeze({ callbacks: [], errbacks: [], chain: [], chord: undefined });
