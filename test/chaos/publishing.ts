import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { check, type Verdict } from './checker.js';
import { Fleet } from './fleet.js';
import { Load } from './load.js';
import type { Place } from './place.js';
import type { Stage } from './scenario.js';
import type { CeleryOptions } from '../../lib/index.js';

/** For what is waited for, where it never comes. */
const WAIT_MS = 60_000;

/** A client that sends nothing by itself, and the ledger of what it is told to send. */
export function openSender({ place, random }: Stage, ledger: string, app: CeleryOptions = place.app) {
  const [kinds, runMs] = [['late'], [0, 0]] as const;
  return Load.open({ app, ledger, random: random.branch('load'), kinds, backlog: 0, runMs });
}

/** Sends so many tasks, up to 2 ms apart, and waits until they have settled. */
export async function burst(load: Load, { random }: Stage, count: number): Promise<void> {
  const sends: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    sends.push(load.send('late', 0));
    await pause(random.between(0, 2));
  }
  await Promise.all(sends);
}

/** Workers, come for the purpose, run all that is in the queue. @returns what became of everything that was sent */
export async function workedOff(stage: Stage, load: Load, ledger: string): Promise<Verdict> {
  const { script, place } = stage;
  await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: 50 }, ledger });
  await Promise.all([fleet.start(), fleet.start()]);
  await load.drained(WAIT_MS);
  // What may have been delivered is not waited for by its id.
  await empty(place, load);
  await fleet.stop();
  load.reader.more();
  return check(load.reader.entries);
}

/** Resolves once the broker holds nothing of this place. */
export async function empty(place: Place, { app }: Load): Promise<void> {
  const left = async () => (await app.broker.size(place.queue)) + (await place.unsettled());
  await eventually(async () => (await left()) === 0, { withinMs: WAIT_MS, what: 'an empty queue' });
}

const AT_ONCE = 1_000;

/** Sends so many tasks, a thousand at a time. */
export async function burstsOf(load: Load, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - sent);
    await Promise.all(Array.from({ length: size }, () => load.send('late', 0)));
  }
}
