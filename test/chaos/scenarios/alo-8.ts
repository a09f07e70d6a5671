import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AnnotationOptions } from '../../../lib/task/task.annotations.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import type { Death } from '../hard-tasks.js';
import { judged, promises } from '../judge.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { partSized, type Scenario, type Stage } from '../scenario.js';

/** A thread shares the fate of its process: what ends that ends all. */
const DEATHS = {
  prefork: ['exit', 'abort', 'kill', 'memory', 'loop'],
  threads: ['exit', 'loop'],
} as const satisfies Record<string, readonly Death[]>;
type Pool = keyof typeof DEATHS;
const isPool = (word: string): word is Pool => word in DEATHS;

const SETTINGS: readonly Required<
  Pick<AnnotationOptions, 'acksLate' | 'rejectOnWorkerLost' | 'acksOnFailureOrTimeout'>
>[] = [false, true].flatMap((acksLate) =>
  [false, true].flatMap((rejectOnWorkerLost) =>
    [false, true].map((acksOnFailureOrTimeout) => ({ acksLate, rejectOnWorkerLost, acksOnFailureOrTimeout })),
  ),
);
type Settings = (typeof SETTINGS)[number];

/** What README says of a child that dies, in `Pools`, and of a hard limit, in `Limits`. */
interface Fate {
  readonly runs: 1 | 2;
  /** `SUCCESS`, or the error it failed with. */
  readonly result: 'SUCCESS' | 'WorkerLostError' | 'TimeLimitExceeded';
}

function fateOf(how: Death, { acksLate, rejectOnWorkerLost, acksOnFailureOrTimeout }: Settings): Fate {
  const isAgain = acksLate && (how === 'loop' ? !acksOnFailureOrTimeout : rejectOnWorkerLost);
  if (isAgain) return { runs: 2, result: 'SUCCESS' };
  return { runs: 1, result: how === 'loop' ? 'TimeLimitExceeded' : 'WorkerLostError' };
}

/** Children of pools die in every way, under every setting: what becomes of their tasks is what README says. */
export const alo8: Scenario = {
  id: 'ALO-8',
  title: 'children of pools die',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(DEATHS),
  tiers: ['ci', 'full'],
  // Children that start take all that two cores have.
  parts: 2,
  async run(stage, variant) {
    if (!isPool(variant)) throw new Error(`No pool: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(stage.folder, 'ledger');
    const options = { kinds: ['early'], backlog: 0, runMs: [0, 0] } as const;
    const { random } = stage;
    await using load = await Load.open({ app: stage.place.app, ledger, random, ...options });
    const broken: string[] = [];
    let deaths = 0;
    const dying = new Set<string>();
    for (const settings of SETTINGS) {
      if (broken.length > 0) break;
      const fates = await underSettings(stage, variant, settings, load, broken);
      deaths += fates.size;
      for (const id of fates.keys()) dying.add(id);
    }
    load.reader.more();
    const { entries } = load.reader;
    const verdict = check(entries.filter(({ id }) => !dying.has(id)));
    broken.push(...promises(verdict, ['lost', 'stuck', 'duplicated', 'restarted', 'unexpected']));
    return judged({ stage, test: 'ALO-8', variant, verdict, faults: deaths, slowestMs: 0, begunMs, broken });
  },
};

async function underSettings(
  stage: Stage,
  pool: Pool,
  settings: Settings,
  load: Load,
  broken: string[],
): Promise<ReadonlyMap<string, Fate>> {
  const { place, random, script, folder } = stage;
  const app = { ...place.app, taskAnnotations: { 'hard.once': settings } };
  const worker = { pool, concurrency: 3 };
  const ledger = join(folder, 'ledger');
  await using fleet = new Fleet(script, { app, worker, ledger }, ['--max-old-space-size=96']);
  const fates = new Map<string, Fate>();
  const bystanders: string[] = [];
  await fleet.start();
  for (let time = 0; time < partSized(stage, 50, 1); time += 1) {
    for (const how of DEATHS[pool]) {
      const id = load.newId(how);
      fates.set(id, fateOf(how, settings));
      const limit = how === 'loop' ? { timeLimit: '1s' as const } : {};
      await load.submit([id], (client) =>
        client.applyAsync('hard.once', { taskId: id, args: [how, folder], ...limit }),
      );
      const bystander = await load.send('early', random.between(0, 100));
      if (bystander !== undefined) bystanders.push(bystander);
    }
  }
  const wrong = await wrongFates(load, fates);
  await ran(load, bystanders);
  if (fleet.serving.length !== 1) broken.push('the worker died with its child');
  for (const { code } of await fleet.stop())
    if (code !== 0) broken.push(`the worker ended with ${code} instead of 0`);
  const left = await leftover(load, place);
  if (left > 0) wrong.push(`${left} messages were left behind`);
  broken.push(...wrong.map((what) => `${JSON.stringify(settings)}: ${what}`));
  return fates;
}

/** For each task: a child that dies has another started for it. */
const WAIT_EACH_MS = 3_000;
const LEAST_WAIT_MS = 120_000;

function deadlineMsFor(tasks: number): number {
  return performance.now() + Math.max(LEAST_WAIT_MS, tasks * WAIT_EACH_MS);
}

/** What is wrong, after it had its time. */
async function wrongFates(load: Load, fates: ReadonlyMap<string, Fate>): Promise<string[]> {
  const deadlineMs = deadlineMsFor(fates.size);
  for (;;) {
    load.reader.more();
    const runs = new Map<string, number>();
    for (const { step, id } of load.reader.entries)
      if (step === 'started') runs.set(id, (runs.get(id) ?? 0) + 1);
    const wrong: string[] = [];
    for (const [id, fate] of fates) {
      const result = await resultOf(load, id);
      const found = runs.get(id) ?? 0;
      if (result !== fate.result) wrong.push(`${id} has ${result} instead of ${fate.result}`);
      if (found !== fate.runs) wrong.push(`${id} ran ${found} times instead of ${fate.runs}`);
    }
    if (wrong.length === 0 || performance.now() > deadlineMs) return wrong;
    await pause(1_000);
  }
}

async function resultOf(load: Load, id: string): Promise<string> {
  const result = load.app.client.result(id);
  const state = await result.state();
  if (state !== 'FAILURE') return state;
  return result
    .get({ propagate: false, timeout: '5s' })
    .then(
      (error) =>
        typeof error === 'object' && error !== null && 'exc_type' in error ? String(error.exc_type) : state,
      String,
    );
}

async function ran(load: Load, ids: readonly string[]): Promise<void> {
  const deadlineMs = deadlineMsFor(ids.length);
  for (;;) {
    load.reader.more();
    const ended = new Set(load.reader.entries.filter(({ step }) => step === 'ended').map(({ id }) => id));
    if (ids.every((id) => ended.has(id)) || performance.now() > deadlineMs) return;
    await pause(50);
  }
}
