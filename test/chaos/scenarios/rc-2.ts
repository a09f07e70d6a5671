import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { throughPort, type Place } from '../place.js';
import type { Frame } from '../protocol/frame.js';
import { frameProxyOf, type FrameProxy } from '../protocol/frame-proxy.js';
import { openSender } from '../publishing.js';
import { sized, type Scenario, type Stage } from '../scenario.js';

/** A worker's longest pause between two looks, and getting a connection back. */
const PARKED_MS = 2_100;
const WAIT_MS = 30_000;

const INTERRUPTIONS: Readonly<Record<string, (place: Place, proxy: FrameProxy) => Promise<void>>> = {
  'killed by the server': async ({ app }) => {
    const redis = new Redis(String(app.broker));
    const clients = String(await redis.client('LIST'))
      .trim()
      .split('\n');
    for (const line of clients) {
      const id = /^id=(\d+)/.exec(line)?.[1];
      if (id !== undefined && line.includes('cmd=blmove'))
        await redis.client('KILL', 'ID', id).catch(() => 0);
    }
    redis.disconnect();
  },
  reset: async (_place, proxy) => proxy.cut(),
  unblocked: async ({ app }) => {
    const redis = new Redis(String(app.broker));
    const clients = String(await redis.client('LIST'))
      .trim()
      .split('\n');
    for (const line of clients) {
      const id = /^id=(\d+)/.exec(line)?.[1];
      if (id !== undefined && line.includes('cmd=blmove')) await redis.client('UNBLOCK', Number(id), 'ERROR');
    }
    redis.disconnect();
  },
  'answer reset': async (_place, proxy) => {
    const isAnswer = ({ name, direction }: Frame): boolean => name === 'BLMOVE' && direction === 'toClient';
    void proxy.strike(isAnswer, 'cut');
  },
  restart: async ({ server }) => {
    if (server === undefined) throw new Error('RC-2 restarts its Redis: it needs a private one');
    await server.restart();
  },
};

/** What waits for messages is interrupted: a task that comes then is started as soon as ever. */
export const rc2: Scenario = {
  id: 'RC-2',
  title: 'blocking commands interrupted',
  places: ['Redis'],
  variants: Object.keys(INTERRUPTIONS),
  tiers: ['ci', 'full'],
  run: interrupted,
};

async function interrupted(stage: Stage, variant: string) {
  const { tier, place, random, script, folder } = stage;
  const begunMs = performance.now();
  const interrupt = INTERRUPTIONS[variant];
  if (interrupt === undefined) throw new Error(`No interruption: ${variant}`);
  const ledger = join(folder, 'ledger');
  await using proxy = await frameProxyOf(place, random.branch('wire'));
  const app = throughPort(place, place.app, proxy.port);
  await using fleet = new Fleet(script, { app, worker: { concurrency: 8 }, ledger });
  await using load = await openSender(stage, ledger);
  await fleet.start();

  const faults = sized(tier, 40, 2);
  const broken: string[] = [];
  let slowestMs = 0;
  for (let fault = 0; fault < faults; fault += 1) {
    // So that a connection is a good one, and it is waited on.
    await pause(random.between(1_000, 1_500));
    await interrupt(place, proxy);
    const sinceMs = Date.now();
    const id = await load.send('late', 0);
    const tookMs = id === undefined ? undefined : await load.next('ended', sinceMs, WAIT_MS, id);
    if (tookMs === undefined) broken.push(`no task ran within ${WAIT_MS} ms after fault ${fault + 1}`);
    else slowestMs = Math.max(slowestMs, tookMs);
  }
  if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
  await fleet.stop();
  load.reader.more();
  const verdict = check(load.reader.entries);
  // A Redis that is gone and comes back is met by the usual pauses.
  const limitMs = variant === 'restart' ? 5_000 : PARKED_MS;
  if (slowestMs > limitMs) broken.push(`a task ran after ${slowestMs} ms, at most ${limitMs} expected`);
  broken.push(...promises(verdict, ['lost', 'stuck', 'pending', 'denied', 'unexpected']));
  return judged({ stage, test: 'RC-2', variant, verdict, faults, slowestMs, begunMs, broken });
}
