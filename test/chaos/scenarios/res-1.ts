import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { TaskMeta } from '../../../lib/backend/result-backend.js';
import { eventually } from '../../support/eventually.js';
import type { Place } from '../place.js';
import { startFrameProxy, type FrameProxy } from '../protocol/frame-proxy.js';
import { redisReader } from '../protocol/redis.js';
import { sized, type Row, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WAVE = 500;
const POLL_MS = 2_000;
const WAIT_MS = 30_000;
/** From a result that can be read to the end of `get`. */
const TOLD_MS = 1_000;

interface Trouble {
  /** Before each wave. */
  readonly ready?: (place: Place) => Promise<void>;
  /** In the middle of a wave. */
  readonly strike?: (proxy: FrameProxy, place: Place) => Promise<void> | void;
  readonly limitMs?: number;
  /** This part of those who wait give up. */
  readonly aborted?: number;
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  none: {},
  // And the connection is back within a second.
  'connections cut': { strike: (proxy) => proxy.cut(), limitMs: TOLD_MS + 1_000 },
  // Only the slow look finds those.
  'notices swallowed': {
    strike: (proxy) => proxy.judge(({ name }) => (name === 'message' ? 'drop' : 'pass')),
    limitMs: POLL_MS + TOLD_MS,
  },
  'answers stalled': {
    strike: (proxy) => void proxy.strike(({ direction }) => direction === 'toClient', 'stall'),
    // Half of the time for one answer, until the silent connection is given up.
    limitMs: POLL_MS + 5_000,
  },
  'server restarted': {
    ready: writeAtOnce,
    strike: async (_proxy, { server }) => {
      if (server === undefined) throw new Error('RES-1 restarts its Redis: it needs a private one');
      await server.restart();
    },
    limitMs: 5_000,
  },
  'waits aborted': { aborted: 0.5 },
};

/** Results that are there already, come while somebody begins to wait, or later: `get` ends soon after, whatever befalls. */
export const res1: Scenario = {
  id: 'RES-1',
  title: 'waiting for results over faults',
  places: ['Redis'],
  variants: Object.keys(TROUBLES),
  tiers: ['short', 'ci', 'full'],
  async run({ tier, place, random }, variant): Promise<Row> {
    const begunMs = performance.now();
    const { ready, strike, limitMs = TOLD_MS, aborted = 0 } = TROUBLES[variant] ?? {};
    await using proxy = await startFrameProxy(place.port, random.branch('wire'), redisReader);
    const backend = String(place.app.backend);
    const common = {
      ...place.app,
      resultPollingInterval: `${POLL_MS}ms`,
      resultBackendTimeout: '5s',
    } as const;
    const waiting = await openSilently({
      ...common,
      backend: backend.replace(`:${place.port}`, `:${proxy.port}`),
    });
    const storing = await openSilently({ ...common, resultBackendTimeout: '20s' });
    const broken: string[] = [];
    let [waited, faults, slowestMs, pending] = [0, 0, 0, 0];
    try {
      for (let wave = 0; wave < sized(tier, 50_000, WAVE) / WAVE; wave += 1) {
        await eventually(() => storing.backend?.get('any').then(() => true), { withinMs: WAIT_MS });
        await ready?.(place);
        // A connection that held for a second is a good one, and comes back at once.
        if (strike !== undefined) await pause(1_100);
        const struck = (async () => {
          if (strike === undefined) return;
          await pause(random.between(0, 60));
          faults += 1;
          await strike(proxy, place);
        })();
        const gets = Array.from({ length: WAVE }, async (_, index) => {
          const id = crypto.randomUUID();
          const leave = new AbortController();
          const stays = random.fraction() >= aborted;
          const store = async (): Promise<number> => {
            await storing.backend?.store(success(id, index), { replyTo: undefined, correlationId: id });
            return performance.now();
          };
          // A third is there already; the others come while the wait begins, or later.
          const early = index % 3 === 0 ? await store() : undefined;
          const sinceMs = performance.now();
          const got = waiting.client
            .result<number>(id)
            .get({ signal: leave.signal, timeout: WAIT_MS / 1_000 })
            .then((value) => (value === index ? undefined : `got ${value} for ${index}`))
            .catch(async (error: unknown) => {
              if (!stays) return undefined;
              const stored = await storing.backend?.get(id);
              return `${String(error)} It is ${stored === undefined ? 'not ' : ''}stored.`;
            })
            .then((problem) => ({ problem, endedMs: performance.now() }));
          await pause(random.between(0, 100));
          if (!stays) leave.abort();
          const readableMs = early ?? (stays ? await store() : sinceMs);
          const { problem, endedMs } = await got;
          if (problem !== undefined) broken.push(problem);
          if (stays) slowestMs = Math.max(slowestMs, endedMs - Math.max(readableMs, sinceMs));
          waited += 1;
        });
        pending +=
          WAVE - (await Promise.allSettled(gets)).filter(({ status }) => status === 'fulfilled').length;
        await struck;
        proxy.heal();
      }
    } finally {
      await Promise.all([waiting.close(0), storing.close(0)]);
    }
    if (pending > 0) broken.push(`${pending} did not come to an end`);
    if (slowestMs > limitMs)
      broken.push(
        `a wait ended ${Math.round(slowestMs)} ms after its result could be read, at most ${limitMs} expected`,
      );
    const none = { lost: 0, duplicated: 0, restarted: 0, recovered: 0, unexpected: 0, stuck: 0 };
    return {
      ...none,
      test: 'RES-1',
      variant,
      place: place.name,
      size: waited,
      faults,
      executed: waited,
      slowestMs: Math.round(slowestMs),
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken: [...new Set(broken)].slice(0, 5),
    };
  },
};

/**
 * Redis that flushes every second keeps back what it has acknowledged for up to two, where the disk is busy. Results that are
 * lost so are not this test's.
 */
async function writeAtOnce({ app }: Place): Promise<void> {
  const redis = new Redis(String(app.broker));
  await redis.config('SET', 'appendfsync', 'no');
  redis.disconnect();
}

function success(taskId: string, result: number): TaskMeta {
  const nothing = { traceback: undefined, groupId: undefined, parentId: undefined, extended: undefined };
  const dateDone = new Date().toISOString();
  return Object.freeze({ ...nothing, taskId, status: 'SUCCESS', result, children: [], dateDone });
}
