import { setTimeout as pause } from 'node:timers/promises';
import type { Delivery } from '../../../lib/broker/broker.js';
import { plainQueue } from '../../../lib/broker/topology.js';
import { systemClock } from '../../../lib/runtime/clock.js';
import { Quarantine } from '../../../lib/worker/quarantine.js';
import { QuarantineReader } from '../../../lib/worker/quarantine.reader.js';
import { Mutator } from '../fuzz/mutator.js';
import { looseJson } from '../fuzz/loose-json.js';
import { fuzzRow } from '../fuzz/row.js';
import { sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

/** What is done with a message each time it comes, in this order; at last it comes out of quarantine and is acknowledged. */
const STEPS = ['requeue', 'defer', 'quarantine', 'ack'] as const;
const ID_HEADER = 'x-bytes-id';
const AT_ONCE = 100;
const DELAY_MS = [10, 1_500] as const;
const QUIET_MS = 15_000;

/** Bodies of every oddity there is, given back, put away until later, put into quarantine and sent back: the same bytes. */
export const fz6: Scenario = {
  id: 'FZ-6',
  title: 'the bytes of a message on every way that it can go',
  places: ['RabbitMQ', 'Redis', 'memory'],
  variants: ['requeue, defer, quarantine, replay'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random } = stage;
    const begunMs = performance.now();
    const app = await openSilently(place.app);
    const { broker } = app;
    await broker.connect();
    const queue = plainQueue(`${place.queue}.bytes`);
    const target = { exchange: '', routingKey: queue.name, queue };
    const quarantine = new Quarantine(broker, systemClock);
    const mutator = new Mutator(random);
    const bodies = new Map<string, Buffer>();
    const times = new Map<string, number>();
    const broken: string[] = [];
    let movedMs = performance.now();
    let quarantined = 0;
    let acked = 0;

    const follow = async (delivery: Delivery): Promise<void> => {
      movedMs = performance.now();
      const id = String(delivery.message.headers[ID_HEADER]);
      const step = STEPS[times.get(id) ?? 0];
      times.set(id, (times.get(id) ?? 0) + 1);
      if (bodies.get(id)?.equals(delivery.message.body) !== true)
        broken.push(`${id} is another before ${step}: ${JSON.stringify(bodies.get(id)?.toString('latin1'))}`);
      if (step === 'requeue') await delivery.requeue();
      else if (step === 'defer') await delivery.defer(Date.now() + random.between(...DELAY_MS));
      else if (step === 'quarantine') {
        await quarantine.put(delivery, 'for its bytes');
        quarantined += 1;
      } else {
        await delivery.ack();
        acked += 1;
      }
    };
    const moved = async (isDone: () => boolean): Promise<void> => {
      while (!isDone() && performance.now() - movedMs < QUIET_MS) await pause(10);
    };
    try {
      const subscription = await broker.consume([queue], {
        prefetch: AT_ONCE,
        onDelivery: (delivery) =>
          void follow(delivery).catch((error: unknown) => void broken.push(String(error))),
      });
      const count = sized(tier, 10_000, 200);
      for (let sent = 0; sent < count; sent += AT_ONCE) {
        const publishes = Array.from({ length: AT_ONCE }, (_, index) => {
          const id = String(sent + index);
          const text = Buffer.from(looseJson(mutator.value([[mutator.odd()], {}, {}])));
          const body = random.fraction() < 0.5 ? text : mutator.bytes(text);
          bodies.set(id, body);
          const headers = { task: 'bytes', id, [ID_HEADER]: id };
          const properties = { deliveryMode: 2, priority: 0 } as const;
          const message = {
            body,
            contentType: 'application/json',
            contentEncoding: 'utf-8',
            headers,
            properties,
          };
          return broker.publish(target, message);
        });
        await Promise.all(publishes);
      }
      await moved(() => quarantined === count);
      while (acked < count && performance.now() - movedMs < QUIET_MS) {
        await new QuarantineReader(broker, systemClock).replay(`${queue.name}.quarantine`);
        await pause(200);
      }
      await subscription.cancel();
      if (quarantined !== count) broken.push(`${quarantined} of ${count} came into quarantine`);
      if (acked !== count) broken.push(`${acked} of ${count} came out of it`);
      const seen = { read: acked, refused: count - acked, slowestMs: 0, broken: broken.slice(0, 5) };
      return fuzzRow(stage, { test: 'FZ-6', variant, seen, begunMs });
    } finally {
      await app.close(0);
    }
  },
};
