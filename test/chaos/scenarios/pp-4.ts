import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { strikeAll, type Struck } from '../hostile/strike.js';
import { judged } from '../judge.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { STRIKES_VARIABLE, type Strikes } from '../order.js';
import { sized, type Scenario, type Stage } from '../scenario.js';

const LIMIT_MS = 1_200_000;
const CONCURRENCY = 4;

const POOLS = ['async', 'prefork', 'threads'] as const;
type Pool = (typeof POOLS)[number];

/** Code of the application breaks wherever it is called: its task fails, its worker lives, and no other task hears of it. */
export const pp4: Scenario = {
  id: 'PP-4',
  title: 'code of the application that throws wherever it is called',
  places: ['memory', 'Redis', 'RabbitMQ'],
  variants: POOLS,
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const pool = POOLS.find((each) => each === variant);
    if (pool === undefined) throw new Error(`No such pool: ${variant}`);
    const begunMs = performance.now();
    const rounds = sized(stage.tier, 10, 1);
    const inMemory = stage.place.name === 'memory';
    const { strikes, broken } = await (inMemory ? struckInMemory : struckInFleet)(stage, pool, rounds);
    const verdict = { ...check([]), attempted: strikes * 2, executed: strikes * 2 };
    return judged({
      stage,
      test: 'PP-4',
      variant,
      verdict,
      faults: strikes,
      slowestMs: 0,
      begunMs,
      broken,
    });
  },
};

async function struckInFleet(
  { script, place, random, folder }: Stage,
  pool: Pool,
  rounds: number,
): Promise<Struck> {
  const ledger = join(folder, 'ledger');
  const worker = { pool, concurrency: CONCURRENCY, shutdownGrace: '1s', abortGrace: '100ms' } as const;
  const hostile = join(dirname(script), 'hostile', 'worker.js');
  await using fleet = new Fleet(hostile, { app: place.app, worker, ledger });
  await using load = await Load.open({
    app: place.app,
    ledger,
    random,
    kinds: ['late'],
    backlog: 0,
    runMs: [0, 0],
  });
  const member = await fleet.start();
  const { strikes, broken } = await strikeAll(load.app.client, rounds);
  const also: string[] = [];
  if (!member.running) also.push('the worker is dead');
  // Results are seen before their messages are acknowledged.
  const isEmpty = async () => (await leftover(load, place)) === 0;
  await eventually(isEmpty, { withinMs: 10_000 }).catch(() => also.push('messages were left behind'));
  for (const { code, signal } of await fleet.stop())
    if (code !== 0) also.push(`the worker ended with ${code ?? signal}`);
  return { strikes, broken: [...broken, ...also] };
}

function struckInMemory({ script, place }: Stage, pool: Pool, rounds: number): Promise<Struck> {
  const order: Strikes = { app: place.app, pool, rounds };
  const env = { ...process.env, NO_COLOR: '1', [STRIKES_VARIABLE]: JSON.stringify(order) };
  const memory = join(dirname(script), 'hostile', 'memory.js');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [memory],
      { env, timeout: LIMIT_MS, maxBuffer: 1 << 28 },
      (error, output, errors) => {
        const line = output.split('\n').find((each) => each.startsWith('{"strikes"'));
        if (line !== undefined) return resolve(JSON.parse(line) as Struck);
        const why = `${error?.message.slice(0, 200) ?? 'no answer'}: ${(output + errors).slice(-2_000)}`;
        resolve({ strikes: 0, broken: [`the process did not come to its end: ${why}`] });
      },
    );
  });
}
