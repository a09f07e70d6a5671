import type { CallOptions } from '../canvas/call.options.js';
import type { AnyCanvas } from '../canvas/canvas.js';
import type { PlannedResult } from '../canvas/workflow.js';
import type { TaskEffects } from '../context/task.context.js';
import type { Sender } from '../producer/sender.js';
import type { AsyncResult } from '../result/async-result.js';
import type { GroupResult } from '../result/group-result.js';
import type { Escape } from '../runtime/owner.js';
import { outcomeOfThrow, type ThrowDeps } from './outcome-of-throw.js';
import type { Request } from './request.js';
import type { ResultRecorder } from './result.recorder.js';

/** Makes the handle on the result of a task that was sent. */
export type ResultFactory = <R>(sent: PlannedResult) => AsyncResult<R> | GroupResult;

export interface AttemptDeps extends ThrowDeps {
  readonly recorder: ResultRecorder;
  readonly sender: Sender;
  readonly resultOf: ResultFactory;
}

/** What a running task does besides returning. A run whose message was lost writes no state: it is another worker's now. */
export class AttemptEffects implements TaskEffects {
  constructor(
    private readonly request: Request,
    private readonly deps: AttemptDeps,
  ) {}

  async updateState(state: string, meta: unknown): Promise<void> {
    if (!this.request.lost) await this.deps.recorder.custom(this.request, state, meta);
  }

  async send<R>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult> {
    return this.#sent<R>(await this.deps.sender.send(canvas, NO_OPTIONS, this.request.asParent));
  }

  async addToChord<R>(canvas: AnyCanvas): Promise<AsyncResult<R> | GroupResult> {
    return this.#sent<R>(await this.deps.sender.addToChord(canvas, this.request.message));
  }

  #sent<R>(sent: PlannedResult): AsyncResult<R> | GroupResult {
    this.request.addChild(sent);
    return this.deps.resultOf<R>(sent);
  }

  childSent(child: PlannedResult): void {
    this.request.addChild(child);
  }

  /** As if the handler had thrown it: one that waits for what threw would wait for ever. */
  escaped(thrown: unknown): Escape {
    const open = (this.request.together ?? [this.request]).filter(({ running }) => running !== undefined);
    for (const request of open) {
      request.running?.cutShort(outcomeOfThrow(request, thrown, 0, this.deps));
      request.abort.abort(thrown);
    }
    return open.length > 0 ? 'fails' : 'ended';
  }
}

const NO_OPTIONS: CallOptions = Object.freeze({});
