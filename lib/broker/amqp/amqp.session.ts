import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import { withDeadline } from '../../runtime/deadline.js';
import { AdminChannel } from './amqp.admin.js';
import type { AmqpContext } from './amqp.context.js';
import { NoAnswerError } from './amqp.failures.js';
import { DelayedTopology } from './amqp.delayed.js';
import { AmqpTopology } from './amqp.topology.js';

const ANSWER_LIMIT_MS = 10_000;
const PROBE_LIMIT_MS = 3_000;
const CLOSE_LIMIT_MS = 2_000;
/** For the good-bye to a RabbitMQ that has not answered before. */
const UNHEARD_CLOSE_LIMIT_MS = 500;

/** One life of a connection, from the handshake to its end. Everything bound to that life hangs here. */
export class AmqpSession {
  readonly admin = new AdminChannel(this);
  readonly topology: AmqpTopology;
  readonly delayed: DelayedTopology;
  /** Resolves with the reason when it is over. */
  readonly ended: Promise<Error>;
  readonly #model: ChannelModel;
  readonly #context: AmqpContext;
  readonly #destroy: () => void;
  #live = true;
  #blocked: string | undefined;
  #probing = false;
  #unheard = false;

  /** @param destroy ends the socket whatever state it is in */
  constructor(model: ChannelModel, context: AmqpContext, destroy: () => void) {
    this.#model = model;
    this.#context = context;
    this.#destroy = destroy;
    this.topology = new AmqpTopology(this.admin, context);
    this.delayed = new DelayedTopology(this.admin, context.config.nativeDelayedDeliveryQueueType);
    this.ended = new Promise((resolve) => {
      let reason: Error | undefined;
      model.on('error', (error) => (reason ??= error));
      model.on('close', (error) => {
        this.#live = false;
        // amqplib only half-closes the socket, which a peer that is gone would leave open for ever.
        destroy();
        resolve(reason ?? error ?? new Error('closed'));
      });
    });
    model.on('blocked', (why) => (this.#blocked = why || 'resource alarm'));
    model.on('unblocked', () => (this.#blocked = undefined));
  }

  get live(): boolean {
    return this.#live;
  }

  /** Why RabbitMQ reads nothing from this connection now (memory or disk alarm); undefined when it does. */
  get blocked(): string | undefined {
    return this.#live ? this.#blocked : undefined;
  }

  onBlockedChange(listener: () => void): void {
    this.#model.on('blocked', listener);
    this.#model.on('unblocked', listener);
  }

  openChannel(): Promise<Channel> {
    return this.answered(this.#model.createChannel()).then(deaf);
  }

  openConfirmChannel(): Promise<ConfirmChannel> {
    return this.answered(this.#model.createConfirmChannel()).then(deaf);
  }

  /** The answer, or a NoAnswerError at the deadline; then the connection is put to the test. */
  answered<T>(answer: Promise<T>): Promise<T> {
    return withDeadline(this.#context.clock, ANSWER_LIMIT_MS, answer, () => {
      this.suspect();
      return new NoAnswerError(`RabbitMQ did not answer within ${ANSWER_LIMIT_MS} ms`);
    });
  }

  /** What was last asked at a stop was not answered in time. */
  get unheard(): boolean {
    return this.#unheard;
  }

  /**
   * Waits for an answer that nothing depends on; once one has not come, no longer for any other, so that the steps of a stop
   * do not wait one after the other. Never rejects.
   */
  async politely(answer: Promise<unknown>, limitMs: number): Promise<void> {
    const late = (): Error => new NoAnswerError('silent');
    const heard = answer.then(() => void (this.#unheard = false));
    await withDeadline(this.#context.clock, this.#unheard ? 0 : limitMs, heard, late).catch(
      (error: unknown) => {
        if (error instanceof NoAnswerError) this.#unheard = true;
      },
    );
  }

  /**
   * Something was not answered: is it a queue without a leader, or is the connection half open? One that opens no channel
   * is thrown away; while RabbitMQ reads nothing from it, nobody can tell.
   */
  suspect(): void {
    if (!this.#live || this.#blocked !== undefined || this.#probing) return;
    this.#probing = true;
    void this.#probe().then(() => (this.#probing = false));
  }

  async #probe(): Promise<void> {
    const silent = (): Error => new NoAnswerError('silent');
    const opened = this.#model.createChannel().then((channel) => deaf(channel).close());
    try {
      await withDeadline(this.#context.clock, PROBE_LIMIT_MS, opened, silent);
    } catch (error) {
      if (error instanceof NoAnswerError && this.#blocked === undefined) this.#destroy();
    }
  }

  /**
   * Says good-bye, but does not wait long for the answer: the peer may be gone or not listening.
   * @param unheard by another connection to the same server
   */
  async close(unheard = false): Promise<void> {
    if (!this.#live) return;
    const late = (): Error => new Error('no answer');
    // amqplib tells nobody that waits for the answer when the connection ends without one.
    const over = Promise.race([this.#model.close(), this.ended]);
    const limitMs = unheard || this.#unheard ? UNHEARD_CLOSE_LIMIT_MS : CLOSE_LIMIT_MS;
    await withDeadline(this.#context.clock, limitMs, over, late).catch(() => undefined);
    this.#destroy();
  }
}

/** A refusal reaches the call that caused it; without a listener amqplib would throw it at nobody. */
function deaf<C extends Channel>(channel: C): C {
  channel.on('error', () => undefined);
  return channel;
}
