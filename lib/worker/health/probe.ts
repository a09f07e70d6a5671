import { randomUUID } from 'node:crypto';
import type { Broker, Delivery, Subscription } from '../../broker/broker.js';
import { plainQueue, type QueueDeclaration } from '../../broker/topology.js';
import type { WireMessage } from '../../message/wire-message.js';
import { sleep, type Clock } from '../../runtime/clock.js';
import type { Service } from '../../runtime/service.js';
import type { HealthConfig } from './health.options.js';
import type { ProbeReport } from './readiness.js';

export interface ProbeDeps {
  readonly broker: Broker;
  readonly hostname: string;
  readonly config: HealthConfig;
  readonly clock: Clock;
}

/** After a probe that was lost: soon, so that a broker that is back is seen. */
const AGAIN_MS = 1_000;
/** A queue whose worker was killed is gone after this. */
const EXPIRES_MS = 60_000;

/**
 * Sends a small message through the broker to this worker again and again. A connection that is open and dead is seen by
 * it, and a full prefetch does not hold it up: its queue is its own.
 */
export class Probe implements Service {
  readonly name = 'probe';
  readonly #queue: QueueDeclaration;
  readonly #stopped = new AbortController();
  #subscription: Subscription | undefined;
  #sent = 0;
  #cameBackMs: number | undefined;
  /** Ends the wait for the probe that is under way. */
  #end: (cameBack: boolean) => void = () => undefined;

  constructor(private readonly deps: ProbeDeps) {
    this.#queue = probeQueue(`${deps.hostname}.${randomUUID()}.celery.probe`);
  }

  get report(): ProbeReport {
    const { clock, config } = this.deps;
    const agoMs = this.#cameBackMs === undefined ? undefined : clock.monotonicMs() - this.#cameBackMs;
    return { agoMs, limitMs: config.probeInterval + config.probeTimeout };
  }

  /** Waits for nobody: a probe that does not come back keeps no worker from working. */
  async start(): Promise<void> {
    void this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#end(false);
    await this.#subscription?.cancel();
  }

  async #run(): Promise<void> {
    const { clock, config } = this.deps;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const cameBack = await this.#once().catch(() => false);
      if (cameBack) this.#cameBackMs = clock.monotonicMs();
      await sleep(clock, cameBack ? config.probeInterval : AGAIN_MS, signal);
    }
  }

  /** True once it has come back. @throws what consuming and publishing throw */
  async #once(): Promise<boolean> {
    const { broker, clock, config } = this.deps;
    const { signal } = this.#stopped;
    this.#subscription ??= await this.#listen();
    if (signal.aborted) {
      await this.#subscription.cancel();
      return false;
    }
    const number = (this.#sent += 1);
    const back = new Promise<boolean>((resolve) => (this.#end = resolve));
    const late = clock.after(config.probeTimeout, () => this.#end(false));
    try {
      await broker.publish(
        { exchange: '', routingKey: this.#queue.name },
        probeMessage(number, config.probeTimeout),
        { deadlineMs: config.probeTimeout },
      );
      return await back;
    } finally {
      late.cancel();
    }
  }

  /** One that was given up may still come. */
  #receive(number: number): void {
    if (number === this.#sent) this.#end(true);
  }

  #listen(): Promise<Subscription> {
    return this.deps.broker.consume([this.#queue], {
      prefetch: 0,
      noAck: true,
      onDelivery: ({ message }: Delivery) => this.#receive(Number(message.body.toString())),
    });
  }
}

/** Reachable by its name only; gone with its worker. */
function probeQueue(name: string): QueueDeclaration {
  return Object.freeze({
    ...plainQueue(name, { 'x-expires': EXPIRES_MS }),
    exchange: undefined,
    autoDelete: true,
    consumerOnly: true,
  });
}

function probeMessage(number: number, lifeMs: number): WireMessage {
  return Object.freeze({
    body: Buffer.from(String(number)),
    contentType: 'text/plain',
    contentEncoding: 'utf-8',
    headers: Object.freeze({}),
    properties: Object.freeze({ deliveryMode: 1, priority: 0, expiration: String(Math.ceil(lifeMs)) }),
  });
}
