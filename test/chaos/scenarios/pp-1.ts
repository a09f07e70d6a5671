import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../lib/runtime/clock.js';
import { QuarantineReader, type QuarantinedMessage } from '../../../lib/worker/quarantine.reader.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import type { Death } from '../hard-tasks.js';
import { judged, promises } from '../judge.js';
import { Keeper } from '../keeper.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { withLeases } from '../place.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

const WORKERS = 2;
const MOST_STARTS = 5;
/** On an event loop an endless loop is no death: nobody can end it. */
const KINDS = {
  async: ['exit', 'abort', 'kill', 'memory', 'huge'],
  prefork: ['exit', 'abort', 'kill', 'memory', 'loop', 'huge'],
} as const satisfies Record<string, readonly Death[]>;
type Pool = keyof typeof KINDS;
const isPool = (word: string): word is Pool => word in KINDS;

/** Tasks that kill their workers, or their pool's children, among good ones. */
export const pp1: Scenario = {
  id: 'PP-1',
  title: 'poison pills among good tasks',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(KINDS),
  tiers: ['ci', 'full'],
  run(stage, variant) {
    if (!isPool(variant)) throw new Error(`No pool: ${variant}`);
    return poisoned(stage, variant);
  },
};

async function poisoned(stage: Stage, pool: Pool): Promise<Row> {
  const { tier, place, random, script, folder } = stage;
  const begunMs = performance.now();
  const ledger = join(folder, 'ledger');
  const deadly = join(folder, 'deadly');
  await writeFile(deadly, '');
  const app = withLeases(place, '2s');
  const worker = { pool, concurrency: 4, timeLimit: '3s' as const };
  await using fleet = new Fleet(script, { app, worker, ledger }, ['--max-old-space-size=96']);
  await using load = await Load.open({
    app,
    ledger,
    random: random.branch('load'),
    kinds: ['late'],
    backlog: 0,
    runMs: [0, 20],
  });

  const good = sized(tier, 20_000, 300);
  const pills = new Map<string, Death>();
  const many = Math.max(KINDS[pool].length, sized(tier, 20, 0));
  const due = new Map<number, Death>();
  for (let pill = 0; pill < many; pill += 1)
    due.set(random.between(0, good - 1), KINDS[pool][pill % KINDS[pool].length] ?? 'exit');
  for (let index = 0; index < good; index += 1) {
    const how = due.get(index);
    if (how !== undefined) {
      const id = load.newId(`pill-${how}`);
      pills.set(id, how);
      await load.submit([id], (client) =>
        client.applyAsync('hard.pill', { taskId: id, args: [how, deadly] }),
      );
    }
    await load.send('late', random.between(0, 20));
  }

  const keeper = new Keeper(fleet, WORKERS);
  await load.drained(20_000, async () => (await leftover(load, place)) === 0);
  const deaths = keeper.deaths - WORKERS;

  const broken: string[] = [];
  const reader = new QuarantineReader(load.app.broker, systemClock);
  const quarantine = QuarantineReader.queueOf(place.queue);
  const put = await reader.list(quarantine);
  broken.push(...wrongInQuarantine(put, pills));
  const starts = new Map<string, number>();
  for (const { step, id } of load.reader.entries)
    if (step === 'started') starts.set(id, (starts.get(id) ?? 0) + 1);
  for (const [id] of pills) {
    const count = starts.get(id) ?? 0;
    if (count > MOST_STARTS || count === 0) broken.push(`${id} was begun ${count} times`);
    const state = await load.app.client.result(id).state();
    if (state !== 'FAILURE') broken.push(`${id} has the state ${state}`);
  }

  // What made them deadly is over: they run.
  await rm(deadly);
  const { done, failed } = await reader.replay(quarantine);
  for (const [message, reason] of failed) broken.push(`${message.taskId} was not replayed: ${reason}`);
  await load.drained(20_000, async () => (await leftover(load, place)) === 0);
  await keeper.stop();
  await fleet.stop();
  load.reader.more();
  const ended = new Set(load.reader.entries.filter(({ step }) => step === 'ended').map(({ id }) => id));
  for (const { taskId = '' } of done)
    if (!ended.has(taskId)) broken.push(`${taskId} did not end when replayed`);
  if ((await load.app.broker.size(quarantine)) > 0) broken.push('something is still in quarantine');

  const verdict = check(load.reader.entries.filter(({ id }) => !pills.has(id)));
  broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
  if (deaths === 0 && pool === 'async') broken.push('no worker died');
  return judged({
    stage,
    test: 'PP-1',
    variant: pool,
    verdict,
    faults: deaths,
    slowestMs: 0,
    begunMs,
    broken,
  });
}

function wrongInQuarantine(
  put: readonly QuarantinedMessage[],
  pills: ReadonlyMap<string, Death>,
): readonly string[] {
  const there = new Map(put.map((message) => [message.taskId ?? '', message]));
  const wrong: string[] = [];
  for (const [id, { reason }] of there) {
    if (!pills.has(id)) wrong.push(`an innocent task is in quarantine: ${id}: ${reason}`);
    else if (!/begun 5 times/.test(reason ?? '')) wrong.push(`${id} is in quarantine for ${reason}`);
  }
  for (const [id, how] of pills) {
    const message = there.get(id)?.message;
    // Too long for its result, it may simply fail.
    if (message === undefined && how !== 'huge') wrong.push(`${id} is not in quarantine`);
    if (message !== undefined && !message.body.toString().startsWith(`[["${how}",`))
      wrong.push(`${id} has another body: ${message.body.toString().slice(0, 100)}`);
  }
  return wrong;
}
