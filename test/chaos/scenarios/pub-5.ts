import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { empty } from '../publishing.js';
import { sized, type Scenario } from '../scenario.js';

const WAIT_MS = 60_000;

interface Mischief {
  readonly begin: (redis: Redis) => Promise<unknown>;
  readonly end?: (redis: Redis) => Promise<unknown>;
  /** Publishes are refused meanwhile. */
  readonly refuses?: true;
}

const MISCHIEF: Readonly<Record<string, Mischief>> = {
  'scripts forgotten': { begin: (redis) => redis.script('FLUSH') },
  'bindings deleted': {
    begin: async (redis) => {
      const bindings = await redis.keys('*_kombu.binding.*');
      return bindings.length === 0 ? 0 : redis.del(...bindings);
    },
  },
  'out of memory': {
    begin: (redis) => redis.config('SET', 'maxmemory', '1'),
    end: (redis) => redis.config('SET', 'maxmemory', '0'),
    refuses: true,
  },
};

/** Redis forgets what is needed, or has no room: publishes heal it or fail in plain words, and what is accepted runs. */
export const pub5: Scenario = {
  id: 'PUB-5',
  title: 'a Redis that forgets, or is full',
  places: ['Redis'],
  variants: Object.keys(MISCHIEF),
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const mischief = MISCHIEF[variant];
    if (mischief === undefined) throw new Error(`No mischief: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const redis = new Redis(String(place.app.broker));
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: 8 }, ledger });
    await using load = await Load.open({
      app: { ...place.app, publishTimeout: '5s' },
      ledger,
      random: random.branch('load'),
      kinds: ['late'],
      backlog: 200,
      runMs: [0, 10],
      pauseMs: 10,
    });
    await Promise.all([fleet.start(), fleet.start()]);
    load.start();
    const [wanted, broken] = [sized(tier, 10_000, 500), [] as string[]];
    let faults = 0;
    try {
      while (load.sent < wanted) {
        await pause(random.between(100, 300));
        await mischief.begin(redis);
        faults += 1;
        if (mischief.end === undefined) continue;
        await pause(random.between(100, 300));
        await mischief.end(redis);
      }
    } finally {
      await mischief.end?.(redis);
    }
    await load.stop();
    await load.drained(WAIT_MS);
    await empty(place, load);
    if (fleet.serving.length !== 2) broken.push('a worker did not outlive it');
    await fleet.stop();
    redis.disconnect();
    load.reader.more();
    const { entries } = load.reader;
    const verdict = check(entries);
    const refused = entries.filter(({ step }) => step === 'refused').length;
    console.log(`    ${refused} publishes were refused`);
    if (refused > 0 !== (mischief.refuses === true)) broken.push(`${refused} publishes were refused`);
    broken.push(...promises(verdict, ['pending', 'lost', 'denied', 'stuck', 'unexpected']));
    // Without room for results, what has run goes back and runs again.
    if (mischief.refuses !== true) broken.push(...promises(verdict, ['duplicated', 'restarted']));
    const slowestMs = load.slowestPublishMs;
    return judged({ stage, test: 'PUB-5', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};
