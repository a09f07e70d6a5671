import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startRabbit } from '../../support/rabbitmq.js';
import { check } from '../checker.js';
import { lastDue, lateness, sendDelayed } from '../delays.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import type { Entry } from '../ledger.js';
import { Load } from '../load.js';
import { isTimed, sized, type Scenario, type Stage } from '../scenario.js';

/** RabbitMQ takes back what is held longer, and looks each second. */
const CONFIG = ['consumer_timeout = 3000'];
const TICK = 'application:set_env(rabbit, channel_tick_interval, 1000).';
const TOO_LONG_MS = 10_000;
const CONCURRENCY = 8;
/** Begins of a task that is never left to end: the worker's `maxDeliveries`. */
const MOST_BEGINS = 5;
/** Between two good tasks. */
const EVERY_MS = 200;
const GOOD_MS = 50;
const REBUILT_MS = 2_000;
const WAIT_MS = 60_000;

type Found = readonly [faults: number, slowestMs: number, broken: readonly string[]];

/** What is sent, and what has to come of it. */
const VARIANTS: Readonly<Record<string, (stage: Stage, load: Load) => Promise<Found>>> = {
  'a long task among good ones': async ({ tier }, load) => {
    const rounds = sized(tier, 10, 1);
    const broken: string[] = [];
    let slowestMs = 0;
    for (let round = 0; round < rounds; round += 1) {
      const sinceMs = Date.now();
      const bad = await sendBad(load);
      const good: string[] = [];
      while (!(await hasFailed(load, bad)) && Date.now() - sinceMs < WAIT_MS) {
        const id = await load.send('late', GOOD_MS);
        if (id !== undefined) good.push(id);
        await pause(EVERY_MS);
      }
      if (!(await hasFailed(load, bad))) broken.push(`${bad} is still run`);
      load.reader.more();
      const ids = new Set(good);
      slowestMs = Math.max(slowestMs, longestGapMs(load.reader.entries, ids) - EVERY_MS);
      broken.push(...begunTooOften(load.reader.entries, [bad]));
    }
    if (isTimed(tier) && slowestMs > REBUILT_MS)
      broken.push(`nothing was begun for ${slowestMs} ms after a channel was closed`);
    return [rounds, slowestMs, broken];
  },
  'long tasks': async ({ tier }, load) => {
    const tasks = await Promise.all(Array.from({ length: sized(tier, 40, 2) }, () => sendBad(load)));
    const open = new Set(tasks);
    const deadlineMs = Date.now() + WAIT_MS * 10;
    while (open.size > 0 && Date.now() < deadlineMs) {
      for (const id of open) if (await hasFailed(load, id)) open.delete(id);
      await pause(EVERY_MS);
    }
    load.reader.more();
    const broken = begunTooOften(load.reader.entries, tasks);
    return [tasks.length, 0, open.size === 0 ? broken : [...broken, `${open.size} are still run`]];
  },
  'due later': async ({ tier, random }, load) => {
    const due = await sendDelayed(load, random, sized(tier, 200, 10), [TOO_LONG_MS, TOO_LONG_MS]);
    await lastDue(due);
    await load.drained(WAIT_MS);
    const late = lateness(load.reader.entries, due);
    const [earliestMs = 0, latestMs = 0] = [late[0], late.at(-1)];
    return [0, latestMs, earliestMs < 0 ? [`a task began ${-earliestMs} ms early`] : []];
  },
};

/**
 * RabbitMQ takes back what a worker holds for longer than `consumer_timeout`, and closes its channel. The worker goes on at
 * once and says why; good tasks end; one that never can is put away after a few tries. Waiting for an ETA is no holding.
 */
export const eta5: Scenario = {
  id: 'ETA-5',
  title: 'tasks held longer than RabbitMQ lets a consumer',
  places: ['RabbitMQ', 'RabbitMQ quorum'],
  variants: Object.keys(VARIANTS),
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { place, random, script, folder } = stage;
    const go = VARIANTS[variant];
    if (go === undefined) throw new Error(`No such tasks: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using rabbit = await startRabbit({ conf: CONFIG });
    await rabbit.ctl('eval', TICK);
    const app = { ...place.app, broker: rabbit.url };
    await using fleet = new Fleet(script, { app, worker: { concurrency: CONCURRENCY }, ledger });
    const options = { app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    await fleet.start();

    const [faults, slowestMs, found] = await go(stage, load);
    const broken = [...found];
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    const isTold = fleet.complaints.some((line) => line.includes('consumer_timeout of 3000 ms'));
    if (isTold !== faults > 0) broken.push(isTold ? 'a channel was closed' : 'nobody was told why');
    const kept = await load.app.broker.size(`${place.queue}.quarantine`);
    if (kept !== faults) broken.push(`${kept} are in quarantine, not ${faults}`);
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const left = await load.app.broker.size(place.queue);
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected', ...(faults > 0 ? [] : AGAIN)]));
    if (left > 0) broken.push(`${left} messages were left behind`);
    return judged({ stage, test: 'ETA-5', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};

const AGAIN = ['duplicated', 'restarted'] as const;

async function sendBad(load: Load): Promise<string> {
  const id = await load.send('late', TOO_LONG_MS);
  if (id === undefined) throw new Error('a task was not taken though the broker was there');
  return id;
}

async function hasFailed(load: Load, id: string): Promise<boolean> {
  return (await load.app.client.result(id).state()) === 'FAILURE';
}

function begunTooOften(entries: readonly Entry[], ids: readonly string[]): string[] {
  const begins = new Map(ids.map((id) => [id, 0]));
  for (const { step, id } of entries) {
    const before = begins.get(id);
    if (step === 'started' && before !== undefined) begins.set(id, before + 1);
  }
  return [...begins].flatMap(([id, times]) =>
    times > MOST_BEGINS ? [`${id} was begun ${times} times`] : [],
  );
}

/** Between two begins of these tasks, one after the other. */
function longestGapMs(entries: readonly Entry[], ids: ReadonlySet<string>): number {
  const begins = entries.filter(({ step, id }) => step === 'started' && ids.has(id)).map(({ atMs }) => atMs);
  return Math.max(0, ...begins.slice(1).map((atMs, index) => atMs - (begins[index] ?? atMs)));
}
