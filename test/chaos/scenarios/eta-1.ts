import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bareLateness, percentile, sendBare } from '../bare-delays.js';
import { check } from '../checker.js';
import { lastDue, lateness, sendDelayed } from '../delays.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { withLeases } from '../place.js';
import { isTimed, sized, type Scenario } from '../scenario.js';

/** Of each worker, as if configured by three teams. */
const LEASES = ['5s', '3s', '9s'] as const;
const CONCURRENCY = 8;
/** A task is due before its lease would run out, or long afterwards. */
const DUE_MS = [10_000, 60_000] as const;
const DUE_SHORT_MS = [500, 7_000] as const;
const KILL_EVERY_MS = 5_000;
const KILL_EVERY_SHORT_MS = 2_500;
/** After it was due, or after RabbitMQ alone brings the last of as many messages. */
const LATEST_MS = 1_000;
const WAIT_MS = 30_000;

/**
 * Tasks due long after leases would have run out, on workers whose leases differ. None starts early; none runs twice while
 * nobody is killed, and then none is late. With kills each runs, and those that run twice were running at one.
 */
export const eta1: Scenario = {
  id: 'ETA-1',
  title: 'delays longer than leases',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['calm', 'kills'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const worker = { concurrency: CONCURRENCY };
    const fleetWith = (leases: (typeof LEASES)[number]): Fleet =>
      new Fleet(script, { app: withLeases(place, leases), worker: { ...worker }, ledger });
    await using one = fleetWith(LEASES[0]);
    await using two = fleetWith(LEASES[1]);
    await using three = fleetWith(LEASES[2]);
    const fleets = [one, two, three];
    await using load = await Load.open({
      app: place.app,
      ledger,
      random,
      kinds: ['late'],
      backlog: 0,
      runMs: [0, 0],
    });
    await Promise.all(fleets.map((fleet) => fleet.start()));
    const range = tier === 'short' ? DUE_SHORT_MS : DUE_MS;
    const count = sized(tier, 2_000, 100);
    const due = await sendDelayed(load, random, count, range);
    const isJudged = variant === 'calm' && isTimed(tier);
    const bareDue = await sendBare(place, random.branch('bare'), isJudged ? count : 0, range);
    const bare = bareLateness(place, bareDue, WAIT_MS);

    let kills = 0;
    const lastMs = Math.max(...due.values());
    const everyMs = tier === 'short' ? KILL_EVERY_SHORT_MS : KILL_EVERY_MS;
    while (variant === 'kills' && Date.now() + everyMs < lastMs) {
      await pause(everyMs);
      const fleet = random.pick(fleets);
      const victim = random.pick(fleet.serving);
      victim.signal('SIGKILL');
      await victim.ended;
      await fleet.start();
      kills += 1;
    }
    await lastDue(due);
    await load.drained(WAIT_MS);
    await Promise.all(fleets.map((fleet) => fleet.stop()));
    load.reader.more();

    const verdict = check(load.reader.entries);
    const late = lateness(load.reader.entries, due);
    const [earliestMs = 0, latestMs = 0] = [late[0], late.at(-1)];
    const limitMs = LATEST_MS + percentile(await bare, 1);
    const again = verdict.duplicated.length + verdict.restarted.length;
    const left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
    return judged({
      stage,
      test: 'ETA-1',
      variant,
      verdict,
      faults: kills,
      slowestMs: latestMs,
      begunMs,
      broken: [
        ...promises(verdict, ['lost', 'stuck', 'unexpected']),
        ...(earliestMs < 0 ? [`a task began ${-earliestMs} ms early`] : []),
        ...(again > kills * CONCURRENCY ? [`${again} tasks ran more than once`] : []),
        ...(isJudged && latestMs > limitMs
          ? [`a task began ${latestMs} ms late, at most ${limitMs} expected`]
          : []),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
      ],
    });
  },
};
