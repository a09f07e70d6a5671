import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { brokenChords, sendChord, type SentChord } from '../chords.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario, type Stage } from '../scenario.js';

const WORKERS = 3;
const CONCURRENCY = 8;
const PARTS = 10;
/** Chords that are under way at a time. */
const OPEN = 20;
const LONGEST_PART_MS = 60;
const PLACES = ['RabbitMQ', 'RabbitMQ quorum', 'Redis'] as const;
const WAIT_MS = 45_000;

/**
 * Chords while `kill -9` takes one worker after the other. Each ends: its one body runs once all parts have, is given what
 * they gave, in their order, and no other body is ever sent. Only what was running at a kill runs again.
 */
export const ch2: Scenario = {
  id: 'CH-2',
  title: 'chords under kill -9 of workers',
  places: PLACES,
  variants: ['kill -9'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: CONCURRENCY }, ledger });
    await using load = await openLoad(stage, ledger);
    await Promise.all(Array.from({ length: WORKERS }, () => fleet.start()));

    const chords = sized(tier, 2_000, 20);
    const kills = sized(tier, 200, 2);
    const sent: SentChord[] = [];
    const runs = () => Array.from({ length: PARTS }, () => random.between(0, LONGEST_PART_MS));
    let killing = Promise.resolve();
    let killed = 0;
    const kill = async (): Promise<void> => {
      const victim = random.pick(fleet.serving);
      victim.signal('SIGKILL');
      await victim.ended;
      await fleet.start();
    };
    while (sent.length < chords) {
      await load.roomFor(OPEN * (PARTS + 1));
      const each = await sendChord(load, runs());
      if (each !== undefined) sent.push(each);
      // Spread over the run, and chords go on meanwhile.
      if (killed === kills || sent.length < (chords * (killed + 1)) / (kills + 1)) continue;
      await killing;
      killing = kill();
      killed += 1;
    }
    await killing;
    await load.drained(WAIT_MS);
    const endings = await fleet.stop();
    load.reader.more();

    const { entries } = load.reader;
    const verdict = check(entries);
    const again = verdict.duplicated.length + verdict.restarted.length;
    const most = kills * CONCURRENCY * 2;
    const left = (await load.app.broker.size(place.queue)) + (await place.unsettled());
    return judged({
      stage,
      test: 'CH-2',
      variant,
      verdict,
      faults: kills,
      slowestMs: 0,
      begunMs,
      broken: [
        ...promises(verdict, ['lost', 'stuck', 'unexpected']),
        ...(await brokenChords(load.app, sent, entries)),
        ...(again > most
          ? [`${again} tasks ran more than once, ${most} could have been running at a kill`]
          : []),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
        ...endings.flatMap(({ code }) => (code === 0 ? [] : [`a worker ended with ${code} instead of 0`])),
      ],
    });
  },
};

/** How long the part runs during which the broker dies. */
const LAST_PART_MS = 400;

/** The broker is killed while the last part of a chord runs, and is away when that ends. Every chord ends all the same. */
export const ch5: Scenario = {
  id: 'CH-5',
  title: 'the broker away when the last part of a chord ends',
  places: PLACES,
  variants: ['restarts'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const { server } = place;
    if (server === undefined) throw new Error('CH-5 kills its broker: it needs a private one');
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using fleet = new Fleet(script, { app: place.app, worker: { concurrency: CONCURRENCY }, ledger });
    await using load = await openLoad(stage, ledger);
    await fleet.start();

    const rounds = sized(tier, 200, 2);
    const sent: SentChord[] = [];
    const broken: string[] = [];
    let slowestMs = 0;
    while (sent.length < rounds) {
      const fromMs = Date.now();
      const each = await sendChord(load, [0, 0, LAST_PART_MS]);
      if (each === undefined) throw new Error('a chord was not taken though the broker was there');
      sent.push(each);
      await load.next('started', fromMs, WAIT_MS, each.parts.at(-1));
      await server.kill();
      await pause(random.between(LAST_PART_MS, LAST_PART_MS * 3));
      await server.start();
      const tookMs = await load.next('ended', Date.now(), WAIT_MS, each.body);
      if (tookMs === undefined) broken.push(`a body did not end within ${WAIT_MS} ms`);
      else slowestMs = Math.max(slowestMs, tookMs);
    }
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    await load.drained(WAIT_MS);
    await fleet.stop();
    load.reader.more();

    const { entries } = load.reader;
    const verdict = check(entries);
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
    broken.push(...(await brokenChords(load.app, sent, entries)));
    return judged({ stage, test: 'CH-5', variant, verdict, faults: rounds, slowestMs, begunMs, broken });
  },
};

function openLoad({ place, random }: Stage, ledger: string): Promise<Load> {
  return Load.open({
    app: place.app,
    ledger,
    random: random.branch('load'),
    kinds: ['late'],
    backlog: 0,
    runMs: [0, 0],
  });
}
