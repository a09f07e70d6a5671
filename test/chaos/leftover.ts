import { setTimeout as pause } from 'node:timers/promises';
import type { Fleet } from './fleet.js';
import type { Load } from './load.js';
import type { Place } from './place.js';

const LIMIT_MS = 60_000;
const MOST_ATTEMPTS = 5;

/** Messages in the queue, and on Redis those taken and not settled. */
export async function leftover(load: Load, place: Place): Promise<number> {
  return (await load.app.broker.size(place.queue)) + (await place.unsettled());
}

/**
 * Lets a worker take what is there, and stop; what is left then. RabbitMQ tells nobody what was taken: a worker that stopped
 * well has given it back.
 */
export async function workedOff(fleet: Fleet, load: Load, place: Place): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    if (fleet.running.length === 0) await fleet.start();
    const deadlineMs = performance.now() + LIMIT_MS;
    while ((await leftover(load, place)) > 0 && performance.now() < deadlineMs) await pause(20);
    await fleet.stop();
    const left = await leftover(load, place);
    if (left === 0 || attempt === MOST_ATTEMPTS) return left;
  }
}
