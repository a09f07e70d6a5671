import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { lastDue, lateness, sendDelayed } from '../delays.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

/** Some come due while everything is down, most afterwards. */
const DUE_MS = [8_000, 40_000] as const;
/** Of 99 in 100, after they were due or everything was back. */
const LATE_MS = 2_000;
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
    const due = await sendDelayed(load, random, sized(tier, 5_000, 100), DUE_MS);

    // Redis may write what it has acknowledged up to two seconds later, where it flushes every second and the disk is busy.
    await pause(SETTLE_MS);
    for (const victim of fleet.serving) victim.signal('SIGKILL');
    await server.restart();
    await Promise.all([fleet.start(), fleet.start()]);
    await server.restart();
    const backMs = Date.now();
    const workers = fleet.serving.length;
    await lastDue(due);
    await load.drained(WAIT_MS);
    const broken = fleet.serving.length === workers ? [] : ['a worker did not outlive the broker'];
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const late = lateness(load.reader.entries, due, backMs);
    const earliestMs = late[0] ?? 0;
    const p99Ms = late[Math.floor(late.length * 0.99)] ?? 0;
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
        ...(p99Ms > LATE_MS ? [`one in a hundred began later than ${p99Ms} ms`] : []),
      ],
    });
  },
};
