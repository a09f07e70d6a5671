import { getHeapSpaceStatistics } from 'node:v8';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../lib/nest/celery.options.js';
import { ChurnMap } from '../../lib/runtime/churn.map.js';
import { silentLog } from '../../lib/runtime/logger.js';

// Counts what V8 moves to the old space, from which nothing is collected meanwhile, while things pass through: see
// kept.spec.ts for the flags. Prints one line of JSON: bytes for each that passed.

const IN_HAND = 200;
const ENTRIES = 50_000;
const TASKS = 10_000;

const kept = {
  Map: passing(new Map<number, unknown>()),
  ChurnMap: passing(new ChurnMap<number, unknown>()),
  task: await tasks(),
};
process.stdout.write(`${JSON.stringify(kept)}\n`, () => process.exit());

interface Keeper {
  set(key: number, value: unknown): unknown;
  delete(key: number): boolean;
}

/** Half a kilobyte each. */
function passing(keeper: Keeper): number {
  const pass = (from: number, to: number): void => {
    for (let key = from; key < to; key += 1) {
      keeper.set(
        key,
        Array.from({ length: 60 }, () => key),
      );
      keeper.delete(key - IN_HAND);
    }
  };
  pass(0, IN_HAND);
  // What is there now gets old.
  globalThis.gc?.();
  const before = oldBytes();
  pass(IN_HAND, ENTRIES);
  return (oldBytes() - before) / ENTRIES;
}

async function tasks(): Promise<number> {
  const config = readCeleryOptions({ broker: 'memory://', taskIgnoreResult: true, taskAcksLate: true });
  const app = await CeleryApp.open(config, { log: silentLog });
  let ran = 0;
  let done = (): void => undefined;
  app.defineTask('noop', {}, () => {
    ran += 1;
    if (ran % IN_HAND === 0) done();
  });
  await app.startWorker({ concurrency: 50, heartbeatInterval: 0, mingle: false, gossip: false });
  const run = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += IN_HAND) {
      const all = new Promise<void>((resolve) => (done = resolve));
      await Promise.all(Array.from({ length: IN_HAND }, () => app.client.applyAsync('noop')));
      await all;
    }
  };
  await run(TASKS / 10);
  globalThis.gc?.();
  const before = oldBytes();
  await run(TASKS);
  const bytes = (oldBytes() - before) / TASKS;
  await app.close(0);
  return bytes;
}

function oldBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'old_space' || name === 'large_object_space')
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}
