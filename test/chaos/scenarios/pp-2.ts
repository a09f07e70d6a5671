import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { RETRIES } from '../hard-figures.js';
import { judged } from '../judge.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { isTimed, sized, type Scenario } from '../scenario.js';

const QUIET_MS = 5_000;
const MEASURED_MS = 3_000;
/** Of one core, with nothing but failed tasks behind it. */
const MOST_CPU = 0.3;

/** What each message is, and how often its task begins. */
const KINDS = { fails: 1 + RETRIES, unknown: 0, misfit: 0 } as const;
type Kind = keyof typeof KINDS;
const TASKS: Readonly<Record<Kind, string>> = {
  fails: 'hard.fails',
  unknown: 'nobody.has.this',
  misfit: 'hard.fails',
};

/** Tasks that can only fail: each is tried as often as it may be, and no message goes round. */
export const pp2: Scenario = {
  id: 'PP-2',
  title: 'tasks that can only fail',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['failing'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const { app } = place;
    await using fleet = new Fleet(script, { app, worker: { concurrency: 8 }, ledger });
    const options = { kinds: ['late'], backlog: 0, runMs: [0, 0] } as const;
    await using load = await Load.open({ app, ledger, random, ...options });
    const worker = await fleet.start();
    const ids = new Map<string, Kind>();
    const kinds = ['fails', 'unknown', 'misfit'] as const;
    for (let sent = 0; sent < sized(tier, 10_000, 90); sent += 1) {
      const kind = kinds[sent % kinds.length] ?? 'fails';
      const id = load.newId(kind);
      ids.set(id, kind);
      const args = kind === 'misfit' ? ['too', 'many', 'of', 'them'] : [1];
      await load.submit([id], (client) => client.applyAsync(TASKS[kind], { taskId: id, args }));
    }
    await load.drained(QUIET_MS, async () => (await leftover(load, place)) === 0);

    const broken: string[] = [];
    const before = await cpuMs(worker.pid);
    await pause(MEASURED_MS);
    const load1 = ((await cpuMs(worker.pid)) - before) / MEASURED_MS;
    if (isTimed(tier) && load1 > MOST_CPU)
      broken.push(`the worker uses ${Math.round(load1 * 100)} % of a core`);
    for (const { code } of await fleet.stop()) if (code !== 0) broken.push(`a worker ended with ${code}`);
    load.reader.more();
    const starts = new Map<string, number>();
    for (const { step, id } of load.reader.entries)
      if (step === 'started') starts.set(id, (starts.get(id) ?? 0) + 1);
    const wrong = [...ids].filter(([id, kind]) => (starts.get(id) ?? 0) !== KINDS[kind]);
    for (const [id] of wrong.slice(0, 3)) broken.push(`${id} was begun ${starts.get(id) ?? 0} times`);
    for (const [id] of ids) {
      const state = await load.app.client.result(id).state();
      if (state !== 'FAILURE') broken.push(`${id} ended with the state ${state}`);
    }
    const put = await load.app.broker.size(`${place.queue}.quarantine`);
    const unknown = [...ids.values()].filter((kind) => kind === 'unknown').length;
    if (put !== unknown) broken.push(`${put} messages are in quarantine instead of ${unknown}`);
    const left = await leftover(load, place);
    if (left > 0) broken.push(`${left} messages were left behind`);
    const verdict = check(load.reader.entries.filter(({ id }) => ids.get(id) === 'fails'));
    return judged({ stage, test: 'PP-2', variant, verdict, faults: ids.size, slowestMs: 0, begunMs, broken });
  },
};

/** What a process has used of the processors so far. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ') ?? [];
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) * TICK_MS;
}

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;
