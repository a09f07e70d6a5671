import { randomUUID } from 'node:crypto';
import type { Broker } from '../../broker/broker.js';
import { plainQueue } from '../../broker/topology.js';
import type { WireMessage } from '../../message/wire-message.js';
import type { Clock } from '../../runtime/clock.js';
import { withDeadline } from '../../runtime/deadline.js';
import { messageOf } from '../../runtime/message-of.js';
import { fail, ok, warn, type Finding } from './check.js';

const LIMIT_MS = 5_000;
/** A message that takes longer on an idle broker is worth a word. */
const SLOW_MS = 500;

/** Sends a message to a queue of its own and waits for it. */
export async function checkRoundTrip(broker: Broker, clock: Clock): Promise<Finding> {
  const queue = Object.freeze({
    ...plainQueue(`nest-celery.doctor.${randomUUID()}`, { 'x-expires': 60_000 }),
    exchange: undefined,
    durable: false,
    autoDelete: true,
  });
  const message: WireMessage = {
    body: Buffer.from('{}'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {},
    properties: { deliveryMode: 1, priority: 0 },
  };
  const startMs = clock.monotonicMs();
  try {
    let arrived = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const subscription = await broker.consume([queue], {
      prefetch: 0,
      noAck: true,
      onDelivery: () => arrived(),
    });
    await broker.publish({ exchange: '', routingKey: queue.name, queue }, message);
    await withDeadline(
      clock,
      LIMIT_MS,
      arrival,
      () => new Error(`nothing came back within ${LIMIT_MS / 1000} s`),
    );
    await subscription.cancel();
  } catch (error) {
    const reason = messageOf(error);
    return fail('probe', `a message to itself: ${reason}`, 'May this user declare queues, write and read?');
  }
  const tookMs = Math.round(clock.monotonicMs() - startMs);
  return tookMs > SLOW_MS
    ? warn(
        'probe',
        `a message to itself took ${tookMs} ms`,
        'Is the broker far away, or short of memory or disk?',
      )
    : ok('probe', `a message to itself took ${tookMs} ms`);
}
