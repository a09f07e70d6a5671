import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bareLateness, percentile, sendBare } from '../bare-delays.js';
import { check } from '../checker.js';
import { lastDue, lateness, sendDelayed } from '../delays.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

/** Some come due while everything is down, most afterwards. */
const DUE_MS = [8_000, 40_000] as const;
/**
 * Of 99 in 100, after they were due or everything was back. RabbitMQ's delay queues begin the next of a message's delays when
 * it comes to them: what they take over the same restarts by themselves is measured beside, and added.
 */
const LATE_MS = 2_000;
/**
 * RabbitMQ's dead-letter worker that hears nothing of a queue which had just come back sends again after three minutes. Few
 * messages meet it: they are counted apart.
 */
const AGAIN_MS = 180_000;
const MOST_AGAIN = 0.05;
const WAIT_MS = 60_000;
const SETTLE_MS = 2_500;

/** Delayed tasks, and then the workers and the broker are killed and come back before these are due. */
export const eta4: Scenario = {
  id: 'ETA-4',
  title: 'workers and broker restarted under delayed tasks',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['restarts'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const { server } = place;
    if (server === undefined) throw new Error('ETA-4 kills its broker: it needs a private one');
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: 8 }, ledger });
    const options = { app: place.app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    await Promise.all([fleet.start(), fleet.start()]);
    const count = sized(tier, 5_000, 100);
    const due = await sendDelayed(load, random, count, DUE_MS);
    const bareDue = await sendBare(place, random.branch('bare'), count, DUE_MS);

    // Redis may write what it has acknowledged up to two seconds later, where it flushes every second and the disk is busy.
    await pause(SETTLE_MS);
    for (const victim of fleet.serving) victim.signal('SIGKILL');
    await server.restart();
    await Promise.all([fleet.start(), fleet.start()]);
    await server.restart();
    const backMs = Date.now();
    const workers = fleet.serving.length;
    const bareTold = bareLateness(place, bareDue, WAIT_MS);
    await lastDue(due);
    await load.drained(place.name === 'Redis' ? WAIT_MS : AGAIN_MS + WAIT_MS);
    const broken = fleet.serving.length === workers ? [] : ['a worker did not outlive the broker'];
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const all = lateness(load.reader.entries, due, backMs);
    const earliestMs = all[0] ?? 0;
    const again = all.filter((ms) => place.name !== 'Redis' && ms > AGAIN_MS / 2);
    const p99Ms = percentile(all.slice(0, all.length - again.length), 0.99);
    const barely = (await bareTold).filter((ms) => ms <= AGAIN_MS / 2);
    const limitMs = LATE_MS + percentile(barely, 0.99);
    if (again.length > 0)
      console.log(`    sent again by RabbitMQ, up to ${again.at(-1)} ms late: ${again.length}`);
    return judged({
      stage,
      test: 'ETA-4',
      variant,
      verdict,
      faults: 4,
      slowestMs: p99Ms,
      begunMs,
      broken: [
        ...broken,
        ...promises(verdict, ['lost', 'stuck', 'unexpected']),
        ...(earliestMs < 0 ? [`a task began ${-earliestMs} ms early`] : []),
        ...(p99Ms > limitMs
          ? [`one in a hundred began later than ${p99Ms} ms, at most ${limitMs} expected`]
          : []),
        ...(again.length > count * MOST_AGAIN
          ? [`${again.length} waited for RabbitMQ to send them again`]
          : []),
        ...((again.at(-1) ?? 0) > AGAIN_MS + WAIT_MS ? [`one of them for ${again.at(-1)} ms`] : []),
      ],
    });
  },
};
