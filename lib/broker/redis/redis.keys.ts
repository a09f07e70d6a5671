import type { RedisTransportConfig } from './redis.options.js';

/** Every key and channel name, as kombu writes them; ours alone begin with `nestjs-celery.`. */
export class RedisKeys {
  readonly unacked: string;
  readonly unackedIndex: string;
  /** Sorted set: our delivery tags by the end of their lease, server time in ms. */
  readonly leases: string;
  /** Sorted set: tags of deferred messages by their due time, server time in ms. */
  readonly delayed: string;
  /** Hash: tag → where the deferred message goes, and the message. */
  readonly delayedMessages: string;
  readonly steps: readonly number[];
  readonly sep: string;
  /** Before every key. */
  readonly prefix: string;
  readonly #fanoutPrefix: string;
  readonly #fanoutPatterns: boolean;

  constructor(config: RedisTransportConfig, db: number) {
    this.prefix = config.globalKeyprefix;
    this.unacked = this.prefix + config.unackedKey;
    this.unackedIndex = this.prefix + config.unackedIndexKey;
    this.leases = `${this.prefix}nestjs-celery.leases`;
    this.delayed = `${this.prefix}nestjs-celery.delayed`;
    this.delayedMessages = `${this.prefix}nestjs-celery.delayed.messages`;
    this.steps = config.prioritySteps;
    this.sep = config.sep;
    this.#fanoutPrefix = config.fanoutPrefix.replace('{db}', String(db));
    this.#fanoutPatterns = config.fanoutPatterns;
  }

  /** The list of a queue at one of `steps`. */
  list(queue: string, step: number): string {
    return step === 0 ? this.prefix + queue : `${this.prefix}${queue}${this.sep}${step}`;
  }

  /** All lists of a queue, most urgent first. */
  lists(queue: string): string[] {
    return this.steps.map((step) => this.list(queue, step));
  }

  /** The largest step not above the priority, which may be any number. */
  stepOf(priority: number): number {
    let found = 0;
    for (const step of this.steps) if (step <= priority) found = step;
    return found;
  }

  binding(exchange: string): string {
    return `${this.prefix}_kombu.binding.${exchange}`;
  }

  channel(exchange: string, routingKey: string): string {
    const base = this.prefix + this.#fanoutPrefix + exchange;
    return routingKey !== '' && this.#fanoutPatterns ? `${base}/${routingKey}` : base;
  }

  /**
   * What a fanout queue subscribes to. `#` in the routing key stands for anything; a `*` there is the server's glob.
   * Every other sign that a glob would read is taken literally.
   */
  channelPattern(exchange: string, routingKey: string): string {
    const literal = (name: string): string => name.replace(/[[\]?\\]/g, '\\$&');
    return this.channel(literal(exchange).replace(/\*/g, '\\*'), literal(routingKey).replace(/#/g, '*'));
  }
}
