import type { Broker, Delivery, Subscription } from '../broker/broker.js';
import { isAddressed } from '../control/addressed.js';
import { mailboxQueue, MOST_COMMANDS, REPLY_EXCHANGE } from '../control/pidbox.js';
import { replyMessage } from '../control/reply.js';
import { readRequest, type ControlRequest, type ReplyWish } from '../control/request.js';
import type { Content } from '../message/content.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { Deque } from '../runtime/deque.js';
import { LamportClock } from '../runtime/lamport.clock.js';
import type { Log } from '../runtime/logger.js';
import { messageOf } from '../runtime/message-of.js';
import type { Service } from '../runtime/service.js';
import { TimeBudget } from '../runtime/time-budget.js';
import type { Dispatch } from './control/dispatch.js';
import type { MailboxCounts } from './control/host.js';
import { printable } from './printable.js';
import { errorText } from './task.log.js';

export interface MailboxDeps {
  readonly broker: Broker;
  readonly content: Content;
  readonly hostname: string;
  /** Runs commands. */
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between attempts to get the mailbox. */
const RETRY_MS = 10_000;
/** Of the event loop's time at most a twentieth goes into commands, however many come; what replies cost later is not seen. */
const BUDGET_MS = 5;
const WINDOW_MS = 100;
/**
 * Messages that are taken from the broker in one window. What comes faster waits there, and costs this process nothing; of
 * what waits the broker keeps the newest.
 */
const PER_WINDOW = 200;
/** After so many full windows in a row a person is told, and it is looked at how many wait. */
const TELLING = 10;
/** So many wait that the broker is losing some: it need take no more until these are worked off, which costs it less. */
const OVERFLOWING = MOST_COMMANDS * 0.9;
/** Commands under way that wait for something; more than come in one window, as each is under way for a moment. */
const MOST_UNDER_WAY = 1_000;

/** Hears the commands that are broadcast to workers, has them run and sends the replies. */
export class Mailbox implements Service {
  readonly name = 'mailbox';
  /** Of its own, as in Celery: events have another. */
  readonly #lamport = new LamportClock();
  readonly #budget: TimeBudget;
  /** Of the last window: acknowledged when it is over, which lets the next ones come. */
  #taken: Delivery[] = [];
  /** Of those taken, what has not been looked at. */
  readonly #waiting = new Deque<Delivery>();
  #subscription: Subscription | undefined;
  #again: Timer | undefined;
  #later: Timer | undefined;
  #window: Timer | undefined;
  #fullWindows = 0;
  /** The broker takes no commands for it now. */
  #deaf = false;
  #stopped = false;
  #underWay = 0;
  #handled = 0;
  #ignored = 0;
  #dropped = 0;

  constructor(private readonly deps: MailboxDeps) {
    this.#budget = new TimeBudget(deps.clock, BUDGET_MS, WINDOW_MS);
  }

  get counts(): MailboxCounts {
    return { handled: this.#handled, ignored: this.#ignored, dropped: this.#dropped };
  }

  /** A mailbox that cannot be had keeps no worker from working: it is tried for again. */
  async start(): Promise<void> {
    await this.#open(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#again?.cancel();
    this.#later?.cancel();
    this.#window?.cancel();
    this.#waiting.clear();
    // First no more may come: each acknowledgement would let another one in.
    const cancelled = this.#subscription?.cancel();
    this.#subscription = undefined;
    await cancelled;
    this.#acknowledge();
  }

  async #open(first: boolean): Promise<void> {
    const { broker, hostname, clock, log } = this.deps;
    try {
      const subscription = await broker.consume([mailboxQueue(hostname)], {
        prefetch: PER_WINDOW,
        onDelivery: (delivery) => this.#receive(delivery),
      });
      if (this.#stopped) {
        await subscription.cancel();
        return this.#acknowledge();
      }
      this.#subscription = subscription;
    } catch (error) {
      if (this.#stopped) return;
      if (first) {
        const reason = messageOf(error);
        log.warn(
          `${hostname} hears no commands yet: ${reason} Is there another worker of this name? Give each its own: hostname: 'w1@%h'.`,
        );
      }
      this.#again = clock.after(RETRY_MS, () => void this.#open(false));
    }
  }

  #receive(delivery: Delivery): void {
    this.#taken.push(delivery);
    if (this.#stopped) return;
    this.#window ??= this.deps.clock.after(WINDOW_MS, () => this.#nextWindow());
    if (this.#waiting.size === 0 && this.#budget.waitMs === 0) return this.#look(delivery);
    this.#waiting.push(delivery);
    this.#later ??= this.deps.clock.after(this.#budget.waitMs, () => this.#lookAtWaiting());
  }

  /** No new ones before these were looked at: the time for that may be over until a later window. */
  #nextWindow(): void {
    this.#window = undefined;
    if (this.#waiting.size > 0) {
      this.#window = this.deps.clock.after(WINDOW_MS, () => this.#nextWindow());
      return;
    }
    this.#fullWindows = this.#taken.length < PER_WINDOW ? 0 : this.#fullWindows + 1;
    if (this.#fullWindows === TELLING)
      this.deps.log.warn(
        'More remote commands come than can be heeded: they wait, and what is too much is lost.',
      );
    if (this.#fullWindows > 0 && this.#fullWindows % TELLING === 0) void this.#turnDeaf();
    if (this.#deaf && this.#fullWindows > 0)
      this.#window = this.deps.clock.after(WINDOW_MS, () => this.#nextWindow());
    else if (this.#deaf) void this.#hearAgain();
    this.#acknowledge();
  }

  async #turnDeaf(): Promise<void> {
    const { broker, hostname, log } = this.deps;
    const queue = mailboxQueue(hostname);
    try {
      if (broker.unbind === undefined || this.#deaf || (await broker.size(queue.name)) < OVERFLOWING) return;
      if (this.#stopped) return;
      // Before: one that fails may have been carried out.
      this.#deaf = true;
      this.#window ??= this.deps.clock.after(WINDOW_MS, () => this.#nextWindow());
      await broker.unbind(queue);
    } catch (error) {
      log.debug(`${hostname} may go on hearing commands: ${messageOf(error)}`);
    }
  }

  async #hearAgain(): Promise<void> {
    const { broker, hostname, clock, log } = this.deps;
    if (this.#stopped) return;
    this.#deaf = false;
    try {
      await broker.declareQueue(mailboxQueue(hostname));
    } catch (error) {
      if (this.#stopped) return;
      log.warn(`${hostname} hears no commands yet: ${messageOf(error)}`);
      this.#again = clock.after(RETRY_MS, () => void this.#hearAgain());
    }
  }

  #acknowledge(): void {
    const taken = this.#taken;
    this.#taken = [];
    for (const delivery of taken) void delivery.ack();
  }

  #lookAtWaiting(): void {
    this.#later = undefined;
    while (this.#waiting.size > 0) {
      const { waitMs } = this.#budget;
      if (waitMs > 0) {
        this.#later = this.deps.clock.after(waitMs, () => this.#lookAtWaiting());
        return;
      }
      const delivery = this.#waiting.shift();
      if (delivery !== undefined) this.#look(delivery);
    }
  }

  #look(delivery: Delivery): void {
    this.#budget.spend(() => {
      const { message } = delivery;
      const request = readRequest(message, this.deps.content);
      this.#lamport.adjust(message.headers['clock']);
      if (request === undefined || !isAddressed(this.deps.hostname, request.addressees)) this.#ignored += 1;
      else if (this.#underWay >= MOST_UNDER_WAY) this.#drop();
      else void this.#handle(request);
    });
  }

  async #handle(request: ControlRequest): Promise<void> {
    const { dispatch, log } = this.deps;
    this.#underWay += 1;
    this.#handled += 1;
    try {
      const { reply, said } = await dispatch(request);
      if (said !== undefined) log.log(said);
      const { reply: wish } = request;
      if (wish !== undefined && reply !== undefined)
        await this.#budget.spend(() => this.#reply(wish, reply.value));
    } catch (error) {
      log.error(
        `A reply to ${printable(request.method, 100)} could not be sent: ${printable(errorText(error))}`,
      );
    }
    this.#underWay -= 1;
  }

  async #reply({ ticket, key }: ReplyWish, value: unknown): Promise<void> {
    const { broker, content, hostname } = this.deps;
    const message = replyMessage(hostname, value, content, { ticket, clock: this.#lamport.forward() });
    const target = { exchange: REPLY_EXCHANGE.name, routingKey: key, exchangeDeclaration: REPLY_EXCHANGE };
    // Whoever asked may have gone.
    await broker.publish({ ...target, mayGoUnheard: true }, message);
  }

  #drop(): void {
    this.#dropped += 1;
    if (this.#dropped === 1)
      this.deps.log.warn('Too many remote commands are under way and do not end: some are dropped.');
  }
}
