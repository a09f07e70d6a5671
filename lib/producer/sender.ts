import type { CallOptions } from '../canvas/call.options.js';
import type { AnyCanvas } from '../canvas/canvas.js';
import type { PlannedResult } from '../canvas/workflow.js';
import type { SignatureDict } from '../message/signature.js';
import type { TaskMessage } from '../message/task-message.js';
import type { WireMessage } from '../message/wire-message.js';
import type { RetryRequest } from '../task/task.signals.js';

/** What sends tasks. The client, a running task and the worker's continuation all go through it; nothing else publishes tasks. */
export interface Sender {
  /**
   * Routes, encodes and publishes what a canvas begins with; resolves when the broker has it all.
   * @param given options that win over the canvas's own
   * @throws PublishError, UnroutableError, EncodeError, InvalidOptionError, InvalidCanvasError
   */
  send(canvas: AnyCanvas, given?: CallOptions, parent?: SendingTask): Promise<PlannedResult>;

  /** The same for a dictionary from the wire: `partial` goes in front of its arguments unless it is immutable. */
  sendDict(
    dict: SignatureDict,
    partial: readonly unknown[],
    given: CallOptions,
    parent: SendingTask,
  ): Promise<PlannedResult>;

  /**
   * Sends a canvas in the place of a task that is running: see `TaskContext.replace`.
   * @throws InvalidCanvasError for an empty one
   */
  replace(canvas: AnyCanvas, host: TaskMessage): Promise<void>;

  /**
   * Sends a canvas as one more part of the chord that a running task is part of: see `TaskContext.addToChord`.
   * @throws InvalidCallError when it is part of none; UnsupportedError where chords are not counted
   */
  addToChord(canvas: AnyCanvas, host: TaskMessage): Promise<PlannedResult>;

  /**
   * Publishes the next attempt of a task: same id, root, group, callbacks and headers, `retries` + 1. The body is sent
   * on byte for byte unless the request changes the arguments.
   */
  resend(retry: Resend): Promise<void>;
}

/** The task whose code or completion sends: gives `root_id` and `parent_id`. */
export interface SendingTask {
  readonly id: string;
  readonly rootId: string;
  readonly priority: number;
}

export interface Resend {
  readonly message: TaskMessage;
  readonly wire: WireMessage;
  /** Where it came from: the retry goes there again. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly queue: string;
  readonly request: RetryRequest;
  /** ms since the epoch. */
  readonly etaMs: number;
}
