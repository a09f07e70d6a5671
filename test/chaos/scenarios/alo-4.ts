import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chain, chord, type TaskClient } from '../../../lib/index.js';
import type { FailpointName } from '../../../lib/runtime/failpoint.js';
import { check } from '../checker.js';
import { FAILPOINTS } from '../failpoints.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Keeper } from '../keeper.js';
import { leftover, workedOff } from '../leftover.js';
import { Load } from '../load.js';
import { withLeases } from '../place.js';
import type { Scenario } from '../scenario.js';

/** The plan's: 20, and one in CI. */
const ROUNDS = { short: 1, ci: 1, full: 20 } as const;
const WAIT_MS = 60_000;
/** Before what goes on after the last result is looked at. */
const SETTLED_MS = 30_000;
const LAST_STEP_MS = 200;
/** The second part of a chord ends so long after the first that a worker killed over the first has run no other to its end, ms. */
const SECOND_PART_MS = 500;

/** What is sent: its tasks with the state each ends in, and the call. */
interface Case {
  readonly ends: Readonly<Record<string, 'SUCCESS' | 'FAILURE'>>;
  /** The result of one of them. */
  readonly gives?: readonly [id: string, json: string];
  /** Those that never run. */
  readonly unrun?: readonly string[];
  readonly send: (client: TaskClient) => Promise<unknown>;
}

const LATE = 'chaos.late';
const CASES: Readonly<Record<string, (newId: (kind: string) => string) => Case>> = {
  ok(newId) {
    const [taskId, next] = [newId('ok'), newId('link')];
    return {
      ends: { [taskId]: 'SUCCESS', [next]: 'SUCCESS' },
      send: (client) =>
        client.applyAsync(LATE, {
          taskId,
          args: [1],
          link: client.signature('hard.follow', { taskId: next }),
        }),
    };
  },
  raise(newId) {
    const [taskId, after] = [newId('raise'), newId('errback')];
    return {
      ends: { [taskId]: 'FAILURE', [after]: 'SUCCESS' },
      send: (client) =>
        client.applyAsync('hard.raise', {
          taskId,
          linkError: client.signature('hard.follow', { taskId: after }),
        }),
    };
  },
  retry(newId) {
    const taskId = newId('retry');
    return {
      ends: { [taskId]: 'SUCCESS' },
      send: (client) => client.applyAsync('hard.retry', { taskId, args: [2] }),
    };
  },
  reject(newId) {
    const taskId = newId('reject');
    return {
      ends: { [taskId]: 'SUCCESS' },
      send: (client) => client.applyAsync('hard.reject', { taskId }),
    };
  },
  later(newId) {
    const taskId = newId('later');
    return {
      ends: { [taskId]: 'SUCCESS' },
      send: (client) => client.applyAsync(LATE, { taskId, args: [1], countdown: 2 }),
    };
  },
  unknown(newId) {
    const taskId = newId('unknown');
    return {
      ends: { [taskId]: 'FAILURE' },
      unrun: [taskId],
      send: (client) => client.applyAsync('nobody.has.this', { taskId }),
    };
  },
  chord(newId) {
    const [one, other, body] = [newId('part'), newId('part'), newId('body')];
    return {
      ends: { [one]: 'SUCCESS', [other]: 'SUCCESS', [body]: 'SUCCESS' },
      gives: [body, `[1,${SECOND_PART_MS}]`],
      send: (client) =>
        client.applyAsync(
          chord(
            [
              client.signature(LATE, { taskId: one, args: [1] }),
              client.signature(LATE, { taskId: other, args: [SECOND_PART_MS] }),
            ],
            client.signature('hard.follow', { taskId: body }),
          ),
        ),
    };
  },
  chain(newId) {
    const [first, second] = [newId('first'), newId('second')];
    return {
      ends: { [first]: 'SUCCESS', [second]: 'SUCCESS' },
      send: (client) =>
        client.applyAsync(
          chain(
            client.signature(LATE, { taskId: first, args: [1] }),
            client.signature('hard.follow', { taskId: second }),
          ),
        ),
    };
  },
};

/** `kill -9` at each step of a task's life, for each way that it can go. What does not pass a step has nothing to lose at it. */
export const alo4: Scenario = {
  id: 'ALO-4',
  title: 'a worker killed at each step of a task',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(CASES),
  tiers: ['ci', 'full'],
  parts: 5,
  async run(stage, variant) {
    const { tier, parts, place, random, script, folder } = stage;
    const makeCase = CASES[variant];
    if (makeCase === undefined) throw new Error(`No case: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const arm = join(folder, 'arm');
    const app = withLeases(place, '1s');
    await using fleet = new Fleet(script, { app, worker: { concurrency: 4 }, ledger, arm });
    const options = { kinds: ['late'], backlog: 0, runMs: [0, 0] } as const;
    await using load = await Load.open({ app, ledger, random, ...options });
    await using keeper = new Keeper(fleet, 1);
    const broken: string[] = [];
    const unrun = new Set<string>();
    let strikes = 0;
    let slowestMs = 0;
    for (let round = 0; round < ROUNDS[tier] / parts; round += 1) {
      for (const [step, hit] of strikesOf(variant)) {
        const one = makeCase((kind) => load.newId(kind));
        for (const id of one.unrun ?? []) unrun.add(id);
        await writeFile(arm, `${step} ${hit}`);
        await load.submit(Object.keys(one.ends), one.send);
        const sentMs = performance.now();
        const states = await ended(load, one);
        broken.push(...states.map((wrong) => `killed at ${step}, ${wrong}`));
        await empty(() => leftover(load, place));
        if (!(await struck(arm))) await rm(arm, { force: true });
        else {
          strikes += 1;
          slowestMs = Math.max(slowestMs, performance.now() - sentMs);
        }
      }
    }
    await rm(arm, { force: true });
    await keeper.stop();
    const left = await workedOff(fleet, load, place);
    load.reader.more();
    const verdict = check(load.reader.entries.filter(({ id }) => !unrun.has(id)));
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
    if (left > 0) broken.push(`${left} messages were left behind`);
    if (unrun.size > 0) {
      const kept = await load.app.broker.size(`${place.queue}.quarantine`);
      if (kept < unrun.size) broken.push(`${unrun.size - kept} messages are not in quarantine`);
    }
    if (strikes === 0) broken.push('no worker was killed');
    return judged({ stage, test: 'ALO-4', variant, verdict, faults: strikes, slowestMs, begunMs, broken });
  },
};

/** Steps, and which time one is passed is the last. Both parts of a chord pass a step. */
function strikesOf(variant: string): readonly (readonly [step: FailpointName, hit: number])[] {
  const hits = variant === 'chord' ? [1, 2] : [1];
  return FAILPOINTS.flatMap((step) => hits.map((hit) => [step, hit] as const));
}

/** What is wrong with the ends, after they had time. */
async function ended(load: Load, { ends, gives }: Case): Promise<readonly string[]> {
  const deadlineMs = performance.now() + WAIT_MS;
  let wrong: string[] = [];
  while (performance.now() < deadlineMs) {
    const states = await Promise.all(
      Object.entries(ends).map(
        async ([id, end]) => [id, end, await load.app.client.result(id).state()] as const,
      ),
    );
    wrong = states.flatMap(([id, end, state]) => (state === end ? [] : [`${id} is ${state}, not ${end}`]));
    if (wrong.length === 0) break;
    await pause(20);
  }
  if (gives === undefined || wrong.length > 0) return wrong;
  const [id, json] = gives;
  const found = JSON.stringify(await load.app.client.result(id).info());
  return found === json ? [] : [`${id} gave ${found} instead of ${json}`];
}

/** The last step comes after the end that others see. */
async function struck(arm: string): Promise<boolean> {
  const deadlineMs = performance.now() + LAST_STEP_MS;
  while (existsSync(arm) && performance.now() < deadlineMs) await pause(20);
  return !existsSync(arm);
}

async function empty(left: () => Promise<number>): Promise<void> {
  const deadlineMs = performance.now() + SETTLED_MS;
  while ((await left()) > 0 && performance.now() < deadlineMs) await pause(20);
}
