import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { tickId } from '../../lib/beat/tick.js';
import { decodeState } from '../../lib/beat/tick.state.js';
import { CeleryApp, readCeleryOptions, type CeleryOptions, type EntryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { compileLib } from '../support/compiled-lib.js';
import { eventually } from '../support/eventually.js';
import { startRedis } from '../support/redis.js';
import { own, type OwnedProcess } from '../support/servers/process.js';

/** `BEAT_CHAOS=120 npx vitest run --project servers test/beat/three-beats.server.spec.ts` is the long run, in seconds. */
const SECONDS = Number(process.env['BEAT_CHAOS'] ?? 12);
const ENTRIES = 50;
const LEASE_MS = 1_000;
/** Longer than the lease. */
const FROZEN_MS = 2_500;
const BEATS = 3;

const BEAT = `
import { CeleryApp, readCeleryOptions } from './index.js';
const show = (message) => console.log(message);
const log = { debug() {}, log: show, warn: show, error: show };
const app = await CeleryApp.open(readCeleryOptions(JSON.parse(process.argv[2])), { log });
await app.beat.start();
process.on('SIGTERM', () => app.close().then(() => process.exit()));
setInterval(() => undefined, 60_000);
`;

const beatSchedule: Record<string, EntryOptions> = Object.fromEntries(
  Array.from({ length: ENTRIES }, (_, index) => [
    `entry ${index}`,
    { task: 'tick', schedule: '1s', args: [index], catchUp: 'all', queue: 'ticks' },
  ]),
);

async function world() {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const lib = await compileLib();
  const script = await lib.script('beat.js', BEAT);
  const options: CeleryOptions = {
    broker: redis.url,
    backend: 'none',
    beatSchedule,
    beatLease: `${LEASE_MS}ms`,
    taskQueues: ['ticks'],
  };
  const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
  /** Ids of tasks as they were run. */
  const ledger: string[] = [];
  app.defineTask('tick', { bind: true, params: ['index'] }, (context: { readonly id: string }) => {
    ledger.push(context.id);
  });
  await app.startWorker({ queues: ['ticks'], concurrency: 50 });
  const beats: OwnedProcess[] = [];
  const start = (): void => {
    beats.push(own([process.execPath, script, JSON.stringify(options)], process.env));
  };
  return {
    redis,
    client,
    ledger,
    start,
    /** The beat that leads; undefined while none does. */
    leader: async (): Promise<OwnedProcess | undefined> => {
      const lease = await client.get('nestjs-celery.beat.lease');
      return beats.find(({ pid }) => lease?.split('.').includes(String(pid)) === true);
    },
    fence: async () => Number(await client.hget('nestjs-celery.beat.terms', 'fence')),
    /** Entry → the instants from its first tick to its last. */
    ticks: async () => {
      const [entries, states] = await Promise.all([
        client.hgetall('nestjs-celery.beat.entries'),
        client.hgetall('nestjs-celery.beat.states'),
      ]);
      return Object.entries(entries).map(([name, value]) => {
        const { sinceMs } = JSON.parse(value.slice(value.indexOf(' ') + 1)) as { readonly sinceMs: string };
        return {
          name,
          sinceMs: Number(sinceMs),
          untilMs: decodeState(states[name] ?? '', Number(sinceMs)).cursorMs,
        };
      });
    },
    output: () => beats.map((beat) => beat.output()).join('\n---\n'),
    stopBeats: () => Promise.all(beats.map((beat) => beat.end(10_000))),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(beats.map((beat) => beat.end()));
      await app.close(0);
      client.disconnect();
      await lib[Symbol.asyncDispose]();
      await redis.stop();
    },
  };
}

describe('three beats on one Redis', () => {
  it(
    `whose leader is killed or frozen again and again send every tick of ${ENTRIES} entries once, for ${SECONDS} s`,
    async () => {
      await using w = await world();
      for (let count = 0; count < BEATS; count += 1) w.start();
      const withinMs = 30_000;
      await eventually(() => w.ledger.length >= ENTRIES, { what: 'first ticks', withinMs });

      const endMs = performance.now() + SECONDS * 1_000;
      let [killed, frozen] = [0, 0];
      while (performance.now() < endMs) {
        const leader = await eventually(() => w.leader(), { what: `a leader\n${w.output()}`, withinMs });
        if ((killed + frozen) % 2 === 0) {
          leader.signal('SIGKILL');
          killed += 1;
          w.start();
        } else {
          leader.signal('SIGSTOP');
          frozen += 1;
          await pause(FROZEN_MS);
          leader.signal('SIGCONT');
        }
        // The next leader sends for a while.
        await pause(1_500);
      }

      const ticks = await everyTickOnce(w);
      expect(ticks).toBeGreaterThanOrEqual(ENTRIES * SECONDS);
      const terms = await w.fence();
      expect(terms).toBeGreaterThan(killed + frozen);
      if (SECONDS < 60) return;
      console.log(
        `${ticks} ticks, ${killed} leaders killed, ${frozen} frozen, ${terms} terms: every tick once`,
      );
    },
    (SECONDS + 120) * 1_000,
  );

  it('send every tick once when Redis itself hangs for longer than the lease', async () => {
    await using w = await world();
    for (let count = 0; count < BEATS; count += 1) w.start();
    await eventually(() => w.ledger.length >= ENTRIES, { what: 'first ticks', withinMs: 30_000 });
    for (let count = 0; count < 2; count += 1) {
      w.redis.freeze();
      await pause(FROZEN_MS);
      w.redis.thaw();
      await pause(1_500);
    }
    expect(await everyTickOnce(w)).toBeGreaterThanOrEqual(ENTRIES * 8);
  }, 120_000);
});

function duplicatesIn(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size === seen.add(id).size);
}

/** Waits for the ticks up to now, stops the beats, and looks at the ledger; how many ticks there were. */
async function everyTickOnce(w: Awaited<ReturnType<typeof world>>): Promise<number> {
  const withinMs = 30_000;
  const lastMs = Date.now();
  await eventually(async () => (await w.ticks()).every(({ untilMs }) => untilMs >= lastMs), {
    what: `ticks up to the end\n${w.output()}`,
    withinMs,
  });
  await w.stopBeats();
  const expected = (await w.ticks()).flatMap(({ name, sinceMs, untilMs }) =>
    Array.from({ length: Math.round((untilMs - sinceMs) / 1_000) }, (_, index) =>
      tickId(name, sinceMs + (index + 1) * 1_000),
    ),
  );
  await eventually(() => w.ledger.length >= expected.length, { what: 'every tick in the ledger', withinMs });
  expect(duplicatesIn(w.ledger)).toEqual([]);
  expect(w.ledger.toSorted()).toEqual(expected.toSorted());
  return expected.length;
}
