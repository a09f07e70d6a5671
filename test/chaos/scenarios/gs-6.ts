import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet, type Member } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { workedOff } from '../leftover.js';
import { Load } from '../load.js';
import { partSized, type Scenario } from '../scenario.js';

const CONCURRENCY = 4;
const ABORT_GRACE_MS = 1_000;
/** Of a cold stop, beyond the time that aborted tasks have. */
const SPARE_MS = 2_000;
const WAIT_MS = 60_000;

interface Way {
  readonly exitCode: number;
  /** Its running tasks are revoked instead of given back. */
  readonly isRevoked?: boolean;
  readonly stop: (worker: Member, betweenMs: number, revoke: () => Promise<unknown>) => Promise<void>;
}

const WAYS: Readonly<Record<string, Way>> = {
  'SIGTERM twice': {
    exitCode: 1,
    async stop(worker, betweenMs) {
      worker.signal('SIGTERM');
      await pause(betweenMs);
      worker.signal('SIGTERM');
    },
  },
  SIGQUIT: { exitCode: 1, stop: async (worker) => worker.signal('SIGQUIT') },
  'SIGINT twice': {
    exitCode: 1,
    async stop(worker, betweenMs) {
      worker.signal('SIGINT');
      await pause(betweenMs);
      worker.signal('SIGINT');
    },
  },
  'revoked while it stops': {
    exitCode: 0,
    isRevoked: true,
    async stop(worker, betweenMs, revoke) {
      worker.signal('SIGTERM');
      await pause(betweenMs);
      await revoke();
    },
  },
};

/** A stop that is hurried: what runs goes back to its queue, unacknowledged and without a result, and runs elsewhere. */
export const gs6: Scenario = {
  id: 'GS-6',
  title: 'hurried stops',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(WAYS),
  tiers: ['ci', 'full'],
  parts: 4,
  async run(stage, variant) {
    const { place, random, script, folder } = stage;
    const way = WAYS[variant];
    if (way === undefined) throw new Error(`No such way to stop: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const hold = join(folder, 'hold');
    const { app } = place;
    const worker = { concurrency: CONCURRENCY, abortGrace: `${ABORT_GRACE_MS}ms` as const };
    await using fleet = new Fleet(script, { app, worker, ledger });
    const options = { kinds: ['late'], backlog: 0, runMs: [0, 0] } as const;
    await using load = await Load.open({ app, ledger, random, ...options });
    const broken: string[] = [];
    const took: number[] = [];
    const revoked = new Set<string>();
    const stops = partSized(stage, 200, 2);
    for (let stop = 0; stop < stops; stop += 1) {
      await writeFile(hold, '');
      const ids = Array.from({ length: CONCURRENCY * 2 }, () => load.newId('hold'));
      for (const taskId of ids)
        await load.submit([taskId], (client) => client.applyAsync('hard.hold', { taskId, args: [hold] }));
      const member = await fleet.start();
      const running = await runningOf(load, ids);
      const toldMs = performance.now();
      const { control } = load.app;
      await way.stop(member, random.between(20, 200), () =>
        control.fleet().revoke([...running], { terminate: true }),
      );
      const { code, signal } = await member.ended;
      took.push(performance.now() - toldMs);
      if (code !== way.exitCode)
        broken.push(`a worker ended with ${code ?? signal} instead of ${way.exitCode}`);
      for (const id of running) {
        const state = await load.app.client.result(id).state();
        const wanted = way.isRevoked === true ? 'REVOKED' : 'PENDING';
        if (state !== wanted) broken.push(`${id} was left with the state ${state} instead of ${wanted}`);
        if (way.isRevoked === true) revoked.add(id);
      }
      await rm(hold);
      const left = await workedOff(fleet, load, place);
      if (left > 0) broken.push(`${left} messages were left behind`);
      for (const id of ids.filter((each) => !revoked.has(each))) {
        const state = await load.app.client.result(id).state();
        if (state !== 'SUCCESS') broken.push(`${id} ended with the state ${state}`);
      }
      if (broken.length > 0) break;
    }
    load.reader.more();
    const { entries } = load.reader;
    const verdict = check(entries.filter(({ id }) => !revoked.has(id)));
    broken.push(...promises(verdict, ['lost', 'stuck', 'duplicated', 'unexpected']));
    const ofRevoked = check(entries.filter(({ id }) => revoked.has(id)));
    if (ofRevoked.executed > 0) broken.push(`${ofRevoked.executed} ran to their end though revoked`);
    broken.push(...promises(ofRevoked, ['restarted', 'duplicated']));
    const slowestMs = Math.max(...took);
    if (slowestMs > ABORT_GRACE_MS + SPARE_MS)
      broken.push(`a worker took ${Math.round(slowestMs)} ms to end`);
    return judged({ stage, test: 'GS-6', variant, verdict, faults: stops, slowestMs, begunMs, broken });
  },
};

/** Once as many run as can. */
async function runningOf(load: Load, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    load.reader.more();
    const started = load.reader.entries.filter(({ step, id }) => step === 'started' && ids.includes(id));
    if (started.length === CONCURRENCY) return new Set(started.map(({ id }) => id));
    if (performance.now() > deadlineMs) throw new Error(`${started.length} of ${CONCURRENCY} tasks run`);
    await pause(20);
  }
}
