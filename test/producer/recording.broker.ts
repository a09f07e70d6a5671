import type { Broker, PublishOptions, PublishTarget } from '../../lib/broker/broker.js';
import type { WireMessage } from '../../lib/message/wire-message.js';

export interface Published {
  readonly target: PublishTarget;
  readonly message: WireMessage;
  readonly deadlineMs: number | undefined;
}

/** Keeps what is published; fails as often as it is told to. */
export class RecordingBroker implements Broker {
  readonly transport = 'recording';
  readonly url = 'recording://';
  readonly connected = true;
  readonly supports = {
    priority: 'low-first',
    deferResolutionMs: 1,
    holdsBack: false,
    prefetchPerQueue: false,
    heedsRoom: true,
    deadLetter: false,
    deliveryCount: false,
    eventExchange: 'topic',
  } as const;
  readonly published: Published[] = [];
  /** Attempts, failed ones included. */
  attempts = 0;

  /** @param failures thrown one after the other by the first publishes; a function is called first */
  constructor(private readonly failures: (Error | (() => Error))[] = []) {}

  async publish(target: PublishTarget, message: WireMessage, options?: PublishOptions): Promise<void> {
    this.attempts += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw typeof failure === 'function' ? failure() : failure;
    this.published.push({ target, message, deadlineMs: options?.deadlineMs });
  }

  /** The only message published. */
  get message(): WireMessage {
    return this.only.message;
  }

  get only(): Published {
    const [first, ...others] = this.published;
    if (first === undefined || others.length > 0)
      throw new Error(`${this.published.length} messages published`);
    return first;
  }

  get body(): unknown {
    return JSON.parse(this.message.body.toString());
  }

  async connect(): Promise<void> {}
  async declareQueue(): Promise<void> {}
  async purge(): Promise<number> {
    return 0;
  }
  async size(): Promise<number> {
    return this.published.length;
  }
  consume(): never {
    throw new Error('nothing to consume');
  }
  async close(): Promise<void> {}
}
