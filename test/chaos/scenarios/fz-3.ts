import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { hostileEnvelopes } from '../fuzz/hostile.js';
import { openDoor } from '../fuzz/raw-door.js';
import { emptyQuarantine, Tally } from '../fuzz/tally.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

const POOLS = { async: 8, threads: 2, prefork: 2 } as const;
type Pool = keyof typeof POOLS;
const isPool = (word: string): word is Pool => word in POOLS;

/** Hostile messages between two looks at how many good ones there are. */
const BATCH = 25;
const WAIT_MS = 60_000;

/**
 * As many hostile messages as good ones, through one queue. Good ones run, hostile ones lie in quarantine with a reason and
 * byte for byte, and the workers are those that began. Tasks of hostile messages are unknown here, so none runs by chance.
 */
export const fz3: Scenario = {
  id: 'FZ-3',
  title: 'hostile and good messages, half and half',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(POOLS),
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    if (!isPool(variant)) throw new Error(`No pool: ${variant}`);
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const worker = { pool: variant, concurrency: POOLS[variant] };
    await using fleet = new Fleet(script, { app: place.app, worker, ledger });
    const options = { app: place.app, ledger, random: random.branch('load'), kinds: ['late'] as const };
    await using load = await Load.open({ ...options, backlog: 100, runMs: [0, 5] });
    const workers = await Promise.all([fleet.start(), fleet.start()]);
    await using door = await openDoor(place, load.app.broker);
    const next = hostileEnvelopes('task', random.branch('hostile'));

    load.start();
    const tally = new Tally();
    const hostile = sized(tier, 200_000, 300);
    let sent = 0;
    while (sent < hostile) {
      const bodies = await Promise.all(Array.from({ length: BATCH }, () => door.send(next())));
      for (const body of bodies.filter((each) => each !== undefined)) {
        tally.in(body);
        sent += 1;
      }
      while (load.sent < sent) await pause(5);
    }
    await load.stop();
    await load.drained(WAIT_MS);
    const unreasoned = await emptyQuarantine(load.app.broker, place.queue, tally);
    const broken = fleet.serving.length === workers.length ? [] : ['a worker did not outlive it'];
    const endings = await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
    return judged({
      stage,
      test: 'FZ-3',
      variant,
      verdict,
      faults: sent,
      slowestMs: 0,
      begunMs,
      broken: [
        ...broken,
        ...promises(verdict, ['lost', 'stuck', 'duplicated', 'restarted', 'unexpected']),
        ...(tally.left > 0 ? [`${tally.left} hostile messages are not in quarantine`] : []),
        ...(unreasoned > 0 ? [`${unreasoned} lie there without a reason`] : []),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
        ...endings.flatMap(({ code }) => (code === 0 ? [] : [`a worker ended with ${code} instead of 0`])),
        ...fleet.complaints.filter((line) => NOT_OURS.test(line)).slice(0, 3),
      ],
    });
  },
};

/** What says that the library stumbled, not that it refused. */
const NOT_OURS = /TypeError|RangeError|ReferenceError|Maximum call stack|unhandled/i;
