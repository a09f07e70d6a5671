import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check, type Verdict } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import type { Entry } from '../ledger.js';
import { Load } from '../load.js';
import { LEASE_MS } from '../place.js';
import { isTimed, sized, type Scenario } from '../scenario.js';
import { idsNotStored } from '../stored.js';

const WORKERS = 3;
const CONCURRENCY = 8;
/** Longer than any recovery may take. */
const QUIET_MS = 45_000;
/** Longer than any task runs. */
const STILL_MS = 2_000;

/**
 * `kill -9` of a random worker, again and again, under load. `late`: every accepted task runs to its end and has a stored
 * result; those that ran twice are few. `early`: no task starts twice, and those that never ended are few.
 */
export const alo1: Scenario = {
  id: 'ALO-1',
  title: 'kill -9 of workers under load (ALO-1 to -3, early: AMO-1)',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['late', 'early'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const kind = variant === 'early' ? 'early' : 'late';
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const worker = { concurrency: CONCURRENCY };
    await using fleet = new Fleet(script, { app: place.app, worker, ledger });
    await using load = await Load.open({
      app: place.app,
      ledger,
      random: random.branch('load'),
      kinds: [kind],
      backlog: 300,
      runMs: tier === 'short' ? [0, 100] : [0, 40],
    });
    await Promise.all(Array.from({ length: WORKERS }, () => fleet.start()));
    load.start();

    const kills = sized(tier, 200, 3);
    const killed: Death[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      await pause(random.between(200, 800));
      const victim = random.pick(fleet.serving);
      killed.push({ pid: victim.pid, atMs: Date.now() });
      victim.signal('SIGKILL');
      await victim.ended;
      await fleet.start();
    }
    await load.stop();
    const leftover = async () => (await load.app.broker.size(place.queue)) + (await place.unsettled());
    // A task that was acknowledged early and died with its worker never ends.
    if (kind === 'late') await load.drained(QUIET_MS);
    else await load.drained(STILL_MS, async () => (await leftover()) === 0);
    const endings = await fleet.stop();
    load.reader.more();

    const { entries } = load.reader;
    const verdict = check(entries);
    const restartsMs = restartTimes(entries, killed);
    const slowestMs = restartsMs.at(-1) ?? 0;
    const left = await leftover();
    const unstored = kind === 'late' ? await idsNotStored(load.app, verdict, entries) : [];
    const running = kills * CONCURRENCY;
    return judged({
      stage,
      test: kind === 'late' ? LATE_NAMES[place.name] : 'AMO-1',
      variant: 'kill -9',
      verdict,
      faults: kills,
      slowestMs,
      begunMs,
      broken: [
        ...(kind === 'late' ? brokenLate(verdict, running * 2) : brokenEarly(verdict, running)),
        ...(unstored.length > 0 ? [`${unstored.length} have no stored end: ${unstored[0]}`] : []),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
        ...(isTimed(tier) && place.name === 'Redis' ? slow(restartsMs) : []),
        ...endings.flatMap(({ code }) => (code === 0 ? [] : [`a worker ended with ${code} instead of 0`])),
      ],
    });
  },
};

const LATE_NAMES = {
  RabbitMQ: 'ALO-1',
  'RabbitMQ quorum': 'ALO-2',
  Redis: 'ALO-3',
  memory: 'ALO-1',
} as const;

interface Death {
  readonly pid: number;
  readonly atMs: number;
}

function brokenLate(verdict: Verdict, most: number): string[] {
  const again = verdict.duplicated.length + verdict.restarted.length;
  return [
    ...promises(verdict, ['lost', 'stuck', 'unexpected']),
    ...(again > most ? [`${again} tasks ran more than once, ${most} could have been running at a kill`] : []),
  ];
}

/** A task may die with its worker; what was merely taken ahead may not. */
function brokenEarly(verdict: Verdict, most: number): string[] {
  const unfinished = verdict.lost.length + verdict.stuck.length;
  return [
    ...promises(verdict, ['duplicated', 'restarted', 'unexpected']),
    ...(unfinished > most
      ? [`${unfinished} tasks never ended, ${most} could have been running at a kill`]
      : []),
  ];
}

/**
 * A dead worker's task starts anew within two leases. One in twenty at most may find that the worker which took it next died
 * before it began: the ledger does not show that, and it costs those two leases again.
 */
function slow(restartsMs: readonly number[]): string[] {
  const usualMs = restartsMs[Math.floor(restartsMs.length * 0.95)] ?? 0;
  const slowestMs = restartsMs.at(-1) ?? 0;
  return [
    ...(usualMs > LEASE_MS * 2 ? [`one recovery in twenty took ${usualMs} ms`] : []),
    ...(slowestMs > LEASE_MS * 4 ? [`recovery took ${slowestMs} ms`] : []),
  ];
}

/** From each kill to the next start of a task that the dead worker was running, ms, the shortest first. */
function restartTimes(entries: readonly Entry[], killed: readonly Death[]): number[] {
  const deaths = new Map(killed.map(({ pid, atMs }) => [pid, atMs]));
  const cut = new Map<string, number>();
  const times: number[] = [];
  for (const { step, id, pid, atMs } of entries) {
    if (step === 'started') {
      const cutMs = cut.get(id);
      if (cutMs !== undefined) times.push(atMs - cutMs);
      const diesMs = deaths.get(pid);
      if (diesMs === undefined) cut.delete(id);
      else cut.set(id, diesMs);
    } else if (step === 'ended') cut.delete(id);
  }
  return times.toSorted((one, other) => one - other);
}
