import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Broker } from '../../../lib/broker/broker.js';
import { plainQueue } from '../../../lib/broker/topology.js';
import { QUARANTINE_SUFFIX } from '../../../lib/worker/quarantine.js';

/** Counts messages by their bodies: those that went in, less those that have come out. */
export class Tally {
  readonly #open = new Map<string, number>();
  /** Came out, and had not gone in. */
  unexpected = 0;
  #left = 0;

  /** Went in and have not come out. */
  get left(): number {
    return this.#left;
  }

  in(body: Buffer): void {
    const key = keyOf(body);
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    this.#left += 1;
  }

  out(body: Buffer): void {
    const key = keyOf(body);
    const count = this.#open.get(key) ?? 0;
    if (count === 0) {
      this.unexpected += 1;
      return;
    }
    this.#open.set(key, count - 1);
    this.#left -= 1;
  }
}

function keyOf(body: Buffer): string {
  return createHash('sha1').update(body).digest('base64');
}

const QUIET_MS = 10_000;
const PREFETCH = 500;

/** Takes what lies in quarantine, until nothing is missing or nothing has come for a while. @returns messages without a reason */
export async function emptyQuarantine(broker: Broker, queue: string, tally: Tally): Promise<number> {
  let movedMs = performance.now();
  let unreasoned = 0;
  const subscription = await broker.consume([plainQueue(`${queue}${QUARANTINE_SUFFIX}`)], {
    prefetch: PREFETCH,
    onDelivery(delivery) {
      movedMs = performance.now();
      const { headers, body } = delivery.message;
      if (typeof headers['x-quarantine-reason'] !== 'string') unreasoned += 1;
      tally.out(body);
      void delivery.ack();
    },
  });
  while (tally.left > 0 && performance.now() - movedMs < QUIET_MS) await pause(20);
  await subscription.cancel();
  return unreasoned;
}
