import type { Broker } from '../broker/broker.js';
import type { ExchangeDeclaration } from '../broker/topology.js';
import type { Content } from '../message/content.js';
import { ChurnSet } from '../runtime/churn.set.js';
import { sleep, type Clock, type Timer } from '../runtime/clock.js';
import { Deque } from '../runtime/deque.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import type { EventType, FieldsOf, TaskEvent, WorkerElect, WorkerElectAck, WorkerEvent } from './event.js';
import { eventMessage, type WireEvent } from './event.codec.js';
import { eventExchange, eventKey, MANY_TASKS_KEY } from './event.exchange.js';
import type { LamportClock } from '../runtime/lamport.clock.js';

export interface DispatcherDeps {
  readonly broker: Broker;
  readonly content: Content;
  /** Serializer of events: `json` (`event_serializer`). */
  readonly serializer: string;
  /** Who tells: a node name, or `gen<pid>@host` for a client. */
  readonly hostname: string;
  readonly lamport: LamportClock;
  readonly clock: Clock;
  readonly log: Log;
}

/** Events about tasks in one message at most, and how long the first of them waits for company. */
const MOST_TOGETHER = 100;
const TOGETHER_MS = 10;
/** Messages under way at a time: what comes while the broker is slow or away waits. */
const MOST_UNDER_WAY = 8;
/** Events that wait at most; later ones are dropped and counted. */
const MOST_WAITING = 10_000;
const DEADLINE_MS = 10_000;
const FLUSH_MS = 2_000;

/**
 * Tells monitors what happens. Telling never fails and never waits: what cannot be told is dropped and counted. Nothing is
 * told about tasks until that is turned on.
 */
export class EventDispatcher {
  readonly #deps: DispatcherDeps;
  readonly #exchange: ExchangeDeclaration;
  readonly #waiting = new Deque<WireEvent>();
  readonly #underWay = new ChurnSet<Promise<void>>();
  #utcOffsetHours: number;
  #timer: Timer | undefined;
  #dropped = 0;
  #unsaid = 0;
  #inVain = false;

  /** @param tasks whether events about tasks are told from the start */
  constructor(
    deps: DispatcherDeps,
    public tasks: boolean,
  ) {
    this.#deps = deps;
    this.#exchange = eventExchange(deps.broker.supports);
    this.#utcOffsetHours = utcOffsetHours(deps.clock.now());
  }

  /** Events that were not told, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Tells about a worker, at once. Resolves when it has been told or dropped. */
  tell<T extends (WorkerEvent | WorkerElect | WorkerElectAck)['type']>(
    type: T,
    fields: FieldsOf<T>,
  ): Promise<void> {
    this.#utcOffsetHours = utcOffsetHours(this.#deps.clock.now());
    const told = this.#publish(eventKey(type), this.#event(type, fields), 1);
    this.#underWay.add(told);
    return told.finally(() => this.#underWay.delete(told));
  }

  /** Tells about a task, soon and together with others. Cheap while `tasks` is off. */
  tellOfTask<T extends TaskEvent['type']>(type: T, fields: FieldsOf<T>): void {
    if (!this.tasks) return;
    if (this.#waiting.size >= MOST_WAITING) return this.#drop(1);
    this.#waiting.push(this.#event(type, fields));
    if (this.#waiting.size >= MOST_TOGETHER) this.#send();
    else this.#timer ??= this.#deps.clock.after(TOGETHER_MS, () => this.#send());
  }

  /**
   * Resolves when all has been told or dropped; at the end it is not waited for long, not without a connection, and not again
   * where it was in vain and nothing has been told since.
   */
  async flush(): Promise<void> {
    const over = new AbortController();
    const told = this.#told().then(() => true);
    const { clock, broker } = this.#deps;
    const limitMs = this.#inVain || !broker.connected ? 0 : FLUSH_MS;
    const waited = sleep(clock, limitMs, over.signal).then(() => false);
    this.#inVain = !(await Promise.race([told, waited]));
    over.abort();
  }

  async #told(): Promise<void> {
    this.#send();
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
      this.#send();
    }
  }

  #event(type: EventType, fields: object): WireEvent {
    const { hostname, lamport, clock } = this.#deps;
    return {
      hostname,
      utcoffset: this.#utcOffsetHours,
      pid: process.pid,
      clock: lamport.forward(),
      ...fields,
      timestamp: clock.now() / 1000,
      type,
    };
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    while (this.#waiting.size > 0 && this.#underWay.size < MOST_UNDER_WAY) {
      const together: WireEvent[] = [];
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        together.push(next);
        if (together.length === MOST_TOGETHER) break;
      }
      const told: Promise<void> = this.#publish(MANY_TASKS_KEY, together, together.length).then(() => {
        this.#underWay.delete(told);
        if (this.#timer === undefined) this.#send();
      });
      this.#underWay.add(told);
    }
  }

  async #publish(routingKey: string, events: WireEvent | readonly WireEvent[], count: number): Promise<void> {
    const { name: exchange } = this.#exchange;
    const target = { exchange, routingKey, exchangeDeclaration: this.#exchange, mayGoUnheard: true };
    try {
      await this.#deps.broker.publish(target, eventMessage(events, this.#deps), { deadlineMs: DEADLINE_MS });
    } catch (error) {
      const reason = messageOf(error);
      if (this.#unsaid === 0) this.#deps.log.warn(`Monitors miss events: ${reason}`);
      return this.#drop(count);
    }
    this.#inVain = false;
    if (this.#unsaid === 0) return;
    this.#deps.log.warn(`Monitors hear events again; they missed ${this.#unsaid}`);
    this.#unsaid = 0;
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#unsaid += count;
  }
}

/** Python's: `time.timezone // 3600`, whole hours west of UTC. Readers of the same zone then show what was meant. */
function utcOffsetHours(nowMs: number): number {
  return Math.floor(new Date(nowMs).getTimezoneOffset() / 60);
}
