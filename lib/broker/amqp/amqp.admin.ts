import type { Channel } from 'amqplib';
import { NoAnswerError } from './amqp.failures.js';

/** A connection, as far as this needs it. */
export interface ChannelSource {
  openChannel(): Promise<Channel>;
  /** The answer, or a rejection when it takes too long. */
  answered<T>(answer: Promise<T>): Promise<T>;
}

/**
 * The channel on which one connection declares, counts and purges. RabbitMQ closes a channel on the first refusal, and
 * everything else on it is lost with it; so jobs take turns, and the one after a refusal gets a fresh channel.
 */
export class AdminChannel {
  readonly #source: ChannelSource;
  #channel: Channel | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(source: ChannelSource) {
    this.#source = source;
  }

  /** Rejects with whatever RabbitMQ or the connection made of the job. */
  run<T>(job: (channel: Channel) => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      const channel = (this.#channel ??= await this.#open());
      try {
        return await this.#source.answered(job(channel));
      } catch (error) {
        if (error instanceof NoAnswerError) this.#abandon(channel);
        throw error;
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** It works off one question after the other, and this one may take for ever. */
  #abandon(channel: Channel): void {
    if (this.#channel === channel) this.#channel = undefined;
    channel.close().catch(() => undefined);
  }

  async #open(): Promise<Channel> {
    const channel = await this.#source.openChannel();
    channel.on('close', () => {
      if (this.#channel === channel) this.#channel = undefined;
    });
    return channel;
  }
}
