import { IllegalOperationError, type ConfirmChannel, type Message } from 'amqplib';
import { BrokerRefusedError, CeleryError, EncodeError, PublishError, UnroutableError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import { ChurnSet } from '../../runtime/churn.set.js';
import { sleep, type Timer } from '../../runtime/clock.js';
import { Deque } from '../../runtime/deque.js';
import { messageOf } from '../../runtime/message-of.js';
import type { PublishTarget } from '../broker.js';
import type { QueueDeclaration } from '../topology.js';
import type { AmqpConnection } from './amqp.connection.js';
import type { AmqpContext } from './amqp.context.js';
import { suspectsOf } from './amqp.culprit.js';
import { delayTarget } from './amqp.delayed.js';
import { replyText } from './amqp.failures.js';
import { shownTarget, type Deferral, type Posting } from './amqp.posting.js';
import type { AmqpSession } from './amqp.session.js';
import { toPublishOptions } from './amqp.wire.js';

/** Written and not confirmed, at most; the rest waits here and not inside amqplib. */
const MOST_SENT = 4_096;
/** Publishes under way at most while RabbitMQ takes them; a caller far ahead of it would only fill memory. */
const MOST_UNDER_WAY = 200_000;
/** Between two looks for publishes that are past their deadline. */
const LOOK_MS = 20;
/** One confirmation is overdue and none has come for so long: the connection is half open. */
const SILENT_MS = 5_000;
const REOPEN_MS = 500;

/**
 * Publishes on one confirm channel, many at a time. Each publish settles by its deadline: it waits while there is no
 * connection or RabbitMQ takes no messages, and once written it is never written again, but for two cases in which it is
 * certain that it went nowhere.
 *
 * Longer than most files, as the rules of what may still be sent and what may not are better read in one place.
 */
export class AmqpPublisher {
  readonly #connection: AmqpConnection;
  readonly #context: AmqpContext;
  /** Not written, in order. */
  readonly #waiting = new Deque<Posting>();
  /** Not written: those waiting and those whose queue is being declared. */
  readonly #unsent = new ChurnSet<Posting>();
  /** Written and not confirmed, in order. */
  readonly #sent = new ChurnSet<Posting>();
  /** Of both, those that may not go unheard. */
  #owed = 0;
  #channel: ConfirmChannel | undefined;
  #session: AmqpSession | undefined;
  /** amqplib's buffer is full: until `drain`. */
  #full = false;
  /** The last confirmation, or when it began to be waited for. */
  #heardMs = 0;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #emptied: (() => void)[] = [];

  constructor(connection: AmqpConnection, context: AmqpContext) {
    this.#connection = connection;
    this.#context = context;
  }

  publish(target: PublishTarget, message: WireMessage, limitMs: number, deferral?: Deferral): Promise<void> {
    const { config, clock } = this.#context;
    const most = this.#takes ? MOST_UNDER_WAY : config.maxWaitingPublishes;
    if (this.#unsent.size >= most) {
      const reason = `${most} publishes are waiting for RabbitMQ already`;
      return Promise.reject(new PublishError(shownTarget(target), false, reason));
    }
    this.#connection.start();
    return new Promise((resolve, reject) => {
      const deadlineMs = clock.monotonicMs() + limitMs;
      const posting: Posting = {
        target,
        message,
        deferral,
        deadlineMs,
        resolve,
        reject,
        writes: 0,
        redeclared: false,
        settled: false,
      };
      if (target.mayGoUnheard !== true) this.#owed += 1;
      if (deadlineMs < this.#timerAtMs) this.#lookAt(deadlineMs);
      this.#offer(posting);
    });
  }

  /** Resolves when every publish has settled, but for those that may go unheard. */
  drained(): Promise<void> {
    if (this.#owed === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** What is left is not waited for. */
  close(): void {
    this.#timer?.cancel();
    for (const posting of [...this.#sent, ...this.#unsent]) {
      const mayBeThere = this.#sent.has(posting);
      const reason = 'the connection was closed';
      this.#reject(posting, new PublishError(shownTarget(posting.target), mayBeThere, reason));
    }
  }

  /** A new connection stands. */
  use(session: AmqpSession): void {
    const { log, url } = this.#context;
    this.#session = session;
    session.onBlockedChange(() => {
      if (session.blocked === undefined) log.log(`${url} takes messages again.`);
      else
        log.warn(`${url} takes no messages now (${session.blocked}). Publishes wait until their deadlines.`);
      this.#pump();
    });
    void this.#openChannel(session);
  }

  get #takes(): boolean {
    return this.#channel !== undefined && this.#session?.blocked === undefined;
  }

  async #openChannel(session: AmqpSession): Promise<void> {
    while (session.live) {
      try {
        const channel = await session.openConfirmChannel();
        let reason: Error | undefined;
        channel.on('error', (error) => (reason = error));
        channel.on('drain', () => {
          this.#full = false;
          this.#pump();
        });
        channel.on('return', (message) => this.#returned(message));
        channel.on('close', () => this.#lost(session, reason));
        this.#channel = channel;
        this.#full = false;
        return this.#pump();
      } catch {
        if (session.live) await sleep(this.#context.clock, REOPEN_MS);
      }
    }
  }

  #offer(posting: Posting): void {
    if (this.#waiting.size > 0 || !this.#ready) this.#wait(posting);
    else this.#send(posting);
  }

  get #ready(): boolean {
    return this.#takes && !this.#full && this.#sent.size < MOST_SENT;
  }

  #wait(posting: Posting): void {
    this.#unsent.add(posting);
    this.#waiting.push(posting);
  }

  #pump(): void {
    while (this.#waiting.size > 0 && this.#ready) {
      const posting = this.#waiting.shift();
      // Its deadline may have passed in the line.
      if (posting !== undefined && this.#unsent.has(posting)) this.#send(posting);
    }
  }

  #send(posting: Posting): void {
    const session = this.#session;
    const channel = this.#channel;
    if (session === undefined || channel === undefined) return this.#wait(posting);
    const missing = missingFor(posting, session);
    if (missing === undefined) this.#write(posting, channel);
    else void this.#prepare(posting, missing, session);
  }

  async #prepare(posting: Posting, missing: Promise<void>, session: AmqpSession): Promise<void> {
    this.#unsent.add(posting);
    try {
      await missing;
    } catch (error) {
      if (error instanceof CeleryError) return this.#reject(posting, asPublishError(posting.target, error));
      // No answer: nothing was sent, so the next connection may try. A live one must not be asked in a tight loop.
      if (session.live) await sleep(this.#context.clock, REOPEN_MS);
    }
    if (this.#unsent.has(posting)) this.#offer(posting);
  }

  #write(posting: Posting, channel: ConfirmChannel): void {
    const { message, deferral } = posting;
    if (deferral !== undefined)
      posting.target = delayTarget(nameOf(deferral.queue), deferral.dueMs, this.#context.clock.now());
    const { target } = posting;
    const write = (posting.writes += 1);
    try {
      const options = toPublishOptions(message, this.#mustArrive(target));
      const more = channel.publish(target.exchange, target.routingKey, message.body, options, (error) =>
        this.#answered(posting, write, error),
      );
      if (!more) this.#full = true;
    } catch (error) {
      if (!(error instanceof IllegalOperationError)) return this.#reject(posting, notWritable(error));
      // The channel has just ended, and its `close` event is on the way.
      this.#channel = undefined;
      this.#unsent.add(posting);
      return this.#waiting.pushFront(posting);
    }
    this.#unsent.delete(posting);
    if (this.#sent.size === 0) this.#heardMs = this.#context.clock.monotonicMs();
    this.#sent.add(posting);
  }

  /** Nobody listening to a fanout is no error. */
  #mustArrive({ exchange, exchangeDeclaration, queue, mayGoUnheard }: PublishTarget): boolean {
    if (mayGoUnheard === true) return false;
    if (exchange === '') return true;
    const declared = exchangeDeclaration ?? (queue?.exchange?.name === exchange ? queue.exchange : undefined);
    return (declared?.type ?? this.#context.exchangeTypes.get(exchange)) !== 'fanout';
  }

  #answered(posting: Posting, write: number, error: unknown): void {
    if (error === null) {
      this.#heardMs = this.#context.clock.monotonicMs();
      if (posting.writes === write) this.#settle(posting, posting.resolve);
      if (this.#waiting.size > 0) this.#pump();
    } else if (posting.writes === write && error instanceof Error && error.message === 'message nacked') {
      const { target } = posting;
      const reason =
        'RabbitMQ refused it: the queue is full (x-overflow: reject-publish) or cannot store it now';
      // A queue took it or not; behind an exchange some may have.
      this.#reject(posting, new PublishError(shownTarget(target), target.exchange !== '', reason, error));
    }
    // Any other error means that the channel has ended, which `#lost` settles for all together.
  }

  /** Comes before the confirmation of the same publish. Equal messages to one place stand in for each other. */
  #returned({ fields, properties, content }: Message): void {
    for (const posting of this.#sent) {
      const { target, message } = posting;
      if (target.routingKey !== fields.routingKey || target.exchange !== fields.exchange) continue;
      if (message.properties.correlationId !== properties.correlationId || !message.body.equals(content))
        continue;
      return this.#unroutable(posting);
    }
  }

  /** It certainly went nowhere. If the queue we declared has been deleted since, it is declared once more. */
  #unroutable(posting: Posting): void {
    const { target, deferral } = posting;
    const queue = target.queue?.consumerOnly === true ? undefined : target.queue?.name;
    const deferred = deferral === undefined ? undefined : nameOf(deferral.queue);
    if (posting.redeclared || (queue === undefined && deferred === undefined)) {
      return this.#reject(posting, new UnroutableError(shownTarget(target)));
    }
    posting.redeclared = true;
    posting.writes += 1;
    if (deferred !== undefined) this.#session?.delayed.forget(deferred);
    else if (queue !== undefined) this.#session?.topology.forget(queue);
    this.#sent.delete(posting);
    this.#unsent.add(posting);
    this.#offer(posting);
  }

  /** The channel has ended, alone over a publish that RabbitMQ refused or with its connection. */
  #lost(session: AmqpSession, refused: Error | undefined): void {
    this.#channel = undefined;
    const sent = [...this.#sent];
    this.#sent.clear();
    for (const posting of sent) posting.writes += 1;
    const why =
      refused === undefined ? 'the connection to RabbitMQ was lost before it answered' : replyText(refused);
    const suspects = refused === undefined ? [] : suspectsOf(sent, refused);
    const [culprit] = suspects;
    const last = suspects.at(-1);
    const unread = last === undefined ? sent.length : sent.indexOf(last) + 1;
    for (const posting of sent.slice(0, unread)) {
      const isSure = posting === culprit && posting === last;
      const reason = isSure ? `RabbitMQ refused it: ${why}` : why;
      this.#reject(posting, new PublishError(shownTarget(posting.target), !isSure, reason, refused));
    }
    if (culprit !== undefined) session.topology.forgetExchange(culprit.target.exchange);
    // RabbitMQ reads nothing from a channel after the publish over which it closes it.
    for (const posting of sent.slice(unread).toReversed()) {
      this.#unsent.add(posting);
      this.#waiting.pushFront(posting);
    }
    if (refused !== undefined) void this.#openChannel(session);
    else if (this.#session === session) this.#session = undefined;
  }

  #reject(posting: Posting, error: Error): void {
    this.#settle(posting, () => posting.reject(error));
  }

  #settle(posting: Posting, settle: () => void): void {
    if (posting.settled) return;
    posting.settled = true;
    if (!this.#sent.delete(posting)) this.#unsent.delete(posting);
    if (posting.target.mayGoUnheard !== true) this.#owed -= 1;
    settle();
    if (this.#owed > 0) return;
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  #lookAt(atMs: number): void {
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#context.clock.after(atMs - this.#context.clock.monotonicMs(), () => this.#look());
  }

  /** One timer for all: settles what is past its deadline, and looks again when the next one is due. */
  #look(): void {
    const nowMs = this.#context.clock.monotonicMs();
    let next = Number.POSITIVE_INFINITY;
    this.#timerAtMs = next;
    for (const posting of this.#unsent) {
      if (posting.deadlineMs > nowMs) next = Math.min(next, posting.deadlineMs);
      else this.#reject(posting, this.#lateUnsent(posting));
    }
    let overdue = false;
    for (const posting of this.#sent) {
      if (posting.deadlineMs > nowMs) next = Math.min(next, posting.deadlineMs);
      else {
        overdue = true;
        const reason = 'RabbitMQ did not confirm it in time';
        this.#reject(posting, new PublishError(shownTarget(posting.target), true, reason));
      }
    }
    if (next < this.#timerAtMs) this.#lookAt(Math.max(next, nowMs + LOOK_MS));
    if (overdue && this.#session?.blocked === undefined && nowMs - this.#heardMs > SILENT_MS) {
      this.#session?.suspect();
    }
  }

  #lateUnsent({ target }: Posting): PublishError {
    const shown = shownTarget(target);
    const blocked = this.#session?.blocked;
    if (blocked !== undefined)
      return new PublishError(shown, false, `RabbitMQ takes no messages now (${blocked})`);
    if (this.#channel !== undefined)
      return new PublishError(shown, false, 'RabbitMQ did not take it in time');
    const { lastError } = this.#connection;
    const why = lastError === undefined ? '' : ` (${replyText(lastError)})`;
    return new PublishError(shown, false, `there was no connection to RabbitMQ in time${why}`, lastError);
  }
}

/** What has to be declared first. Rejects as `AmqpTopology.need`. */
function missingFor({ target, deferral }: Posting, session: AmqpSession): Promise<void> | undefined {
  if (deferral === undefined) return session.topology.need(target);
  const { queue } = deferral;
  if (typeof queue === 'string') return session.delayed.need(queue);
  const { name } = queue;
  const own = session.topology.need({ exchange: '', routingKey: name, queue });
  return own ?? session.delayed.need(name);
}

function nameOf(queue: string | QueueDeclaration): string {
  return typeof queue === 'string' ? queue : queue.name;
}

function asPublishError(target: PublishTarget, error: CeleryError): CeleryError {
  if (!(error instanceof BrokerRefusedError)) return error;
  return new PublishError(
    shownTarget(target),
    false,
    `RabbitMQ refused to ${error.action}: ${error.reason}`,
    error,
  );
}

function notWritable(error: unknown): Error {
  if (error instanceof CeleryError) return error;
  const reason = messageOf(error);
  return new EncodeError('Message', reason, error);
}
