import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { leftover, workedOff } from '../leftover.js';
import { Load } from '../load.js';
import { withLeases } from '../place.js';
import { isTimed, partSized, type Scenario } from '../scenario.js';

const LEASE_MS = 2_000;
const HEARTBEAT_SECONDS = 2;
/** Of the plan: beyond the lease. RabbitMQ gives up a connection after two missed heartbeats. */
const SPARE_MS = 5_000;
const FROZEN_MS = LEASE_MS * 3;
/** Of the plan: so long a thawed worker may take to hear what it has lost. What ends before that is not fenced. */
const NOTICED_MS = 2_000;
const WAIT_MS = 60_000;
const TASKS = 4;

/** Workers are frozen for three leases while their tasks run: others run these, and what the thawed one says counts no more. */
export const alo7: Scenario = {
  id: 'ALO-7',
  title: 'frozen workers',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['SIGSTOP'],
  tiers: ['ci', 'full'],
  parts: 5,
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const app = { ...withLeases(place, `${LEASE_MS}ms`), brokerHeartbeat: HEARTBEAT_SECONDS };
    await using fleet = new Fleet(script, { app, worker: { concurrency: TASKS }, ledger });
    const options = { kinds: ['late'], backlog: 0, runMs: [0, 0] } as const;
    await using load = await Load.open({ app, ledger, random, ...options });
    const broken: string[] = [];
    const took: number[] = [];
    const freezes = partSized(stage, place.name === 'Redis' ? 500 : 200, 2);
    let zombie = await fleet.start();
    for (let freeze = 0; freeze < freezes; freeze += 1) {
      const hold = join(folder, `hold-${freeze}`);
      await writeFile(hold, '');
      const ids = Array.from({ length: TASKS }, () => load.newId('hold'));
      for (const taskId of ids)
        await load.submit([taskId], (client) => client.applyAsync('hard.held', { taskId, args: [hold] }));
      const first = await startsBy(load, ids, (pid) => pid === zombie.pid, TASKS);
      if (first.size < TASKS) broken.push(`${first.size} of ${TASKS} tasks began`);
      const heir = await fleet.start();
      process.kill(zombie.pid, 'SIGSTOP');
      const frozenMs = Date.now();
      const again = await startsBy(load, ids, (pid) => pid === heir.pid, TASKS);
      if (again.size < TASKS) broken.push(`${again.size} of ${TASKS} tasks were taken over`);
      took.push(Math.max(0, ...again.values()) - frozenMs);
      await pause(Math.max(0, FROZEN_MS - (Date.now() - frozenMs)));
      process.kill(zombie.pid, 'SIGCONT');
      await pause(NOTICED_MS + random.between(0, 300));
      // Both end now, and give their own pid.
      await rm(hold);
      for (const id of ids) {
        const winner = await load.app.client
          .result<number>(id)
          .get({ timeout: '30s' })
          .catch((error: unknown) => String(error));
        if (winner !== heir.pid)
          broken.push(`${id} has the result of ${winner === zombie.pid ? 'the frozen worker' : winner}`);
      }
      if (!zombie.running) broken.push('the frozen worker did not outlive it');
      zombie.signal('SIGTERM');
      const { code, signal } = await zombie.ended;
      if (code !== 0) broken.push(`the thawed worker ended with ${code ?? signal}`);
      for (const id of ids) {
        const winner = await load.app.client.result<number>(id).info();
        if (winner !== heir.pid) broken.push(`${id} has another result in the end: ${String(winner)}`);
      }
      zombie = heir;
      if (broken.length > 0) break;
    }
    const left = await workedOff(fleet, load, place);
    if (left > 0) broken.push(`${left} messages were left behind, ${await leftover(load, place)} now`);
    load.reader.more();
    const verdict = check(load.reader.entries);
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
    const slowestMs = Math.max(...took);
    const limitMs = (place.name === 'Redis' ? LEASE_MS : HEARTBEAT_SECONDS * 2_000) + SPARE_MS;
    if (isTimed(tier) && slowestMs > limitMs) broken.push(`tasks were taken over after ${slowestMs} ms`);
    return judged({ stage, test: 'ALO-7', variant, verdict, faults: freezes, slowestMs, begunMs, broken });
  },
};

/** When each was begun by such a worker, once so many were. */
async function startsBy(
  load: Load,
  ids: readonly string[],
  by: (pid: number) => boolean,
  many: number,
): Promise<ReadonlyMap<string, number>> {
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    load.reader.more();
    const begun = load.reader.entries.filter(
      ({ step, id, pid }) => step === 'started' && by(pid) && ids.includes(id),
    );
    const starts = new Map(begun.map(({ id, atMs }) => [id, atMs]));
    if (starts.size >= many || performance.now() > deadlineMs) return starts;
    await pause(20);
  }
}
