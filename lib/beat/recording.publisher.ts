import type { Broker, PublishOptions, PublishTarget } from '../broker/broker.js';
import type { WireMessage } from '../message/wire-message.js';
import type { MoveOutcome, Push } from './schedule.store.js';

/** Records a tick and pushes its message in one step. */
type Record = (pushes: readonly Push[]) => Promise<MoveOutcome>;

/** `elsewhere`: the message would not go into a list; nothing was recorded or published. */
export type RecordedOutcome = MoveOutcome | 'elsewhere';

/** The store had a reason not to record the tick, and nothing was pushed. */
class NotRecorded extends Error {
  constructor(readonly outcome: RecordedOutcome) {
    super(outcome);
  }
}

/** Stands in for the broker where a message is published by the step that records its tick. */
export class RecordingPublisher implements Pick<Broker, 'publish'> {
  /** By task id, which is unlike any other's while it is being sent. */
  readonly #records = new Map<string, Record>();

  constructor(private readonly broker: Pick<Broker, 'postings'>) {}

  /** Runs `send`, whose message is published by `record`. @throws what publishing throws */
  async recorded(taskId: string, record: Record, send: () => Promise<unknown>): Promise<RecordedOutcome> {
    this.#records.set(taskId, record);
    try {
      await send();
      return 'moved';
    } catch (error) {
      if (error instanceof NotRecorded) return error.outcome;
      throw error;
    } finally {
      this.#records.delete(taskId);
    }
  }

  async publish(target: PublishTarget, message: WireMessage, options?: PublishOptions): Promise<void> {
    const record = this.#records.get(message.properties.correlationId ?? '');
    const pushes = await this.broker.postings?.(target, message, options);
    if (record === undefined || pushes === undefined) throw new NotRecorded('elsewhere');
    const outcome = await record(pushes);
    if (outcome !== 'moved') throw new NotRecorded(outcome);
  }
}
