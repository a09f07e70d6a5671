import type { Broker } from '../broker/broker.js';
import { BrokerUnavailableError, PublishError } from '../errors.js';
import { saferepr } from '../message/saferepr.js';
import type { Sender } from '../producer/sender.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { Entry } from './entry.js';
import { RecordingPublisher } from './recording.publisher.js';
import type { MoveOutcome, Push, ScheduleStore, Term } from './schedule.store.js';
import type { Seat } from './seat.js';
import { tickId } from './tick.js';
import { encodeState, type TickState } from './tick.state.js';

export interface TickSenderDeps {
  readonly store: ScheduleStore;
  readonly broker: Pick<Broker, 'url' | 'postings'>;
  readonly producer: Pick<Sender, 'send'>;
  /** A producer like it that publishes elsewhere. */
  readonly producerOn: (publisher: Pick<Broker, 'publish'>) => Pick<Sender, 'send'>;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
}

/** A tick that is to be sent, and by what right. */
export interface DueTick {
  readonly term: Term;
  readonly controlRevision: number;
  readonly seat: Seat;
  readonly entry: Entry;
  readonly instantMs: number;
  readonly nowMs: number;
}

/**
 * Sends ticks and records that they were sent. Where the store is the broker's own Redis, both are one step: a tick is
 * sent exactly once. Elsewhere it is recorded before and after: a beat that dies in between leaves a tick of which
 * nothing is known, and the next leader sends it again under the same task id.
 */
export class TickSender {
  readonly #deps: TickSenderDeps;
  /** Undefined: the broker's messages are not the store's to push. */
  readonly #recording: RecordingPublisher | undefined;
  readonly #recordingProducer: Pick<Sender, 'send'>;

  constructor(deps: TickSenderDeps) {
    const { store, broker, producer, producerOn } = deps;
    this.#deps = deps;
    this.#recording =
      broker.postings !== undefined && store.canPush(broker.url) ? new RecordingPublisher(broker) : undefined;
    this.#recordingProducer = this.#recording === undefined ? producer : producerOn(this.#recording);
  }

  /**
   * @returns what the store said; the seat is up to date when it is `moved`
   * @throws whatever publishing or the store throws; the seat then knows whether the tick may have been sent
   */
  async send(tick: DueTick): Promise<MoveOutcome> {
    const { entry, instantMs, seat } = tick;
    const id = tickId(entry.name, instantMs);
    const sent: TickState = {
      ...seat.state,
      cursorMs: Math.max(instantMs, seat.state.cursorMs),
      sendingMs: undefined,
      lastRunAtMs: tick.nowMs,
      lastTaskId: id,
      totalRunCount: seat.state.totalRunCount + 1,
    };
    const options = { taskId: id, ...this.#shownAs(entry) };
    if (this.#recording !== undefined) {
      const record = (pushes: readonly Push[]): Promise<MoveOutcome> => this.move(tick, sent, pushes);
      const send = (): Promise<unknown> => this.#recordingProducer.send(entry.call, options);
      const outcome = await this.#recording.recorded(id, record, send);
      if (outcome !== 'elsewhere') return outcome;
    }

    if (seat.state.sendingMs !== instantMs) {
      const begun = await this.move(tick, { ...seat.state, sendingMs: instantMs });
      if (begun !== 'moved') return begun;
    }
    seat.unsent = false;
    try {
      await this.#deps.producer.send(entry.call, options);
    } catch (error) {
      seat.unsent = !mayHaveBeenDelivered(error);
      throw error;
    }
    seat.sent = sent;
    return this.move(tick, sent);
  }

  async move(
    { term, controlRevision, seat }: Pick<DueTick, 'term' | 'controlRevision' | 'seat'>,
    state: TickState,
    pushes: readonly Push[] = [],
  ): Promise<MoveOutcome> {
    const { name, revision } = seat.stored;
    const to = encodeState(state);
    const move = { name, revision, controlRevision, from: seat.text, to, pushes };
    const outcome = await this.#deps.store.move(term, move);
    if (outcome !== 'moved') return outcome;
    seat.text = to;
    seat.state = state;
    seat.sent = undefined;
    return outcome;
  }

  /** Celery's beat shows the arguments as the list they are, not as a call's tuple. A task that masks them goes on to. */
  #shownAs({ call }: Entry): { readonly argsrepr?: string } {
    const masked = this.#deps.tasks.get(call.task)?.config.argsrepr !== undefined;
    return masked || call.options.argsrepr !== undefined ? {} : { argsrepr: saferepr(call.args) };
  }
}

function mayHaveBeenDelivered(error: unknown): boolean {
  if (error instanceof BrokerUnavailableError) return false;
  return error instanceof PublishError && error.mayHaveBeenDelivered;
}
