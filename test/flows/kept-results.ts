import { NO_GROUPS } from '../../lib/backend/no-groups.js';
import type { ChordStore } from '../../lib/backend/chord-store.js';
import type { ReplyAddress, ResultBackend, Stored, TaskMeta } from '../../lib/backend/result-backend.js';

/** A result backend that keeps every state ever stored, and fails when a test wants it to. */
export class KeptResults implements ResultBackend {
  readonly kind = 'kept';
  readonly url = 'kept://';
  readonly supports = { shared: true };
  readonly replyTo = undefined;
  chords: ChordStore | undefined = NO_GROUPS.chords;
  readonly saveGroup = NO_GROUPS.saveGroup;
  readonly restoreGroup = NO_GROUPS.restoreGroup;
  readonly deleteGroup = NO_GROUPS.deleteGroup;
  readonly stored: { readonly meta: TaskMeta; readonly address: ReplyAddress }[] = [];
  /** Thrown, as long as it is there, by stores of this kind. */
  failure: ((meta: TaskMeta) => Error | undefined) | undefined;
  /** Called before each store. */
  onStore: ((meta: TaskMeta) => void | Promise<void>) | undefined;

  async connect(): Promise<void> {}

  async store(meta: TaskMeta, address: ReplyAddress): Promise<Stored> {
    await this.onStore?.(meta);
    const failure = this.failure?.(meta);
    if (failure !== undefined) throw failure;
    this.stored.push({ meta, address });
    return 'stored';
  }

  /** The last one; undefined when nothing was stored. */
  last(taskId: string): TaskMeta | undefined {
    return this.stored.findLast(({ meta }) => meta.taskId === taskId)?.meta;
  }

  /** Every state the task had, in order. */
  statesOf(taskId: string): string[] {
    return this.stored.filter(({ meta }) => meta.taskId === taskId).map(({ meta }) => meta.status);
  }

  async get(taskId: string): Promise<TaskMeta | undefined> {
    return this.last(taskId);
  }

  watch(): () => void {
    return () => undefined;
  }

  async forget(): Promise<void> {}
  async close(): Promise<void> {}
}
