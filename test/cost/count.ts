import { createHook } from 'node:async_hooks';
import { PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../lib/nest/celery.options.js';
import { silentLog } from '../../lib/runtime/logger.js';

// Counts what the library does for one task on the embedded broker. A process of its own, whose flags keep the compiler and the
// garbage collector out of it: see costs.ts. Prints one line of JSON: by path and kind, how many or how much for each task.

/** Tasks that are counted; as many before them have everything loaded. */
const TASKS = 1_000;
/** Sent side by side. */
const WIDTH = 100;

const KINDS: Readonly<Record<string, string>> = {
  PROMISE: 'promises',
  Timeout: 'timers',
  Immediate: 'immediates',
  TickObject: 'ticks',
};

/** When memory was collected, and from when to when bytes were counted, ms. */
const collections: number[] = [];
const windows: (readonly [number, number])[] = [];
new PerformanceObserver((list) =>
  collections.push(...list.getEntries().map(({ startTime }) => startTime)),
).observe({ entryTypes: ['gc'] });

const costs = {
  publish: await publishing(),
  'publish and process, early ack': await processing({ taskIgnoreResult: true, taskAcksLate: false }),
  'publish and process, late ack': await processing({ taskIgnoreResult: true, taskAcksLate: true }),
  'publish and process, late ack, result stored': await processing({ taskAcksLate: true }),
};
await turn();
// Where memory was collected, what was allocated is not known.
if (collections.some((ms) => windows.some(([from, to]) => ms >= from && ms <= to)))
  throw new Error('Memory was collected while its use was counted');
process.stdout.write(`${JSON.stringify(costs)}\n`, () => process.exit());

async function publishing(): Promise<Record<string, number>> {
  const app = await opened({ taskIgnoreResult: true });
  const counts = await counted(app, () => send(app));
  await app.close(0);
  return counts;
}

async function processing(options: object): Promise<Record<string, number>> {
  const app = await opened(options);
  let ran = 0;
  let done = (): void => undefined;
  app.defineTask('noop', {}, (a: number, b: number) => {
    ran += 1;
    if (ran % TASKS === 0) done();
    return a + b;
  });
  await app.startWorker({ concurrency: 50, heartbeatInterval: 0, mingle: false, gossip: false });
  const counts = await counted(app, async () => {
    const all = new Promise<void>((resolve) => (done = resolve));
    await send(app);
    await all;
    // What is left of the last ones: to settle them.
    for (let each = 0; each < 20; each += 1) await turn();
  });
  await app.close(0);
  return counts;
}

async function opened(options: object): Promise<CeleryApp> {
  const config = readCeleryOptions({ broker: 'memory://', backend: 'memory://', ...options });
  return CeleryApp.open(config, { log: silentLog });
}

async function send({ client }: CeleryApp): Promise<void> {
  for (let sent = 0; sent < TASKS; sent += WIDTH) {
    const call = { args: [2, sent] };
    await Promise.all(Array.from({ length: WIDTH }, () => client.applyAsync('noop', call)));
  }
}

/** Does the work three times: to have it loaded, for its bytes, and for all else, which being counted allocates too. */
async function counted(app: CeleryApp, work: () => Promise<void>): Promise<Record<string, number>> {
  await work();
  globalThis.gc?.();
  const [before, fromMs] = [process.memoryUsage().heapUsed, performance.now()];
  await work();
  const bytes = process.memoryUsage().heapUsed - before;
  windows.push([fromMs, performance.now()]);

  const counts: Record<string, number> = { bytes };
  const add = (kind: string): void => void (counts[kind] = (counts[kind] ?? 0) + 1);
  const hook = createHook({
    init(_id, type) {
      const kind = KINDS[type];
      if (kind !== undefined) add(kind);
    },
  });
  for (const [name, part] of [
    ['broker calls', app.broker],
    ['backend calls', app.backend],
  ] as const)
    if (part !== undefined) heedCalls(part, () => add(name));
  hook.enable();
  await work();
  hook.disable();
  return Object.fromEntries(Object.entries(counts).map(([kind, count]) => [kind, count / TASKS]));
}

function heedCalls(part: object, called: () => void): void {
  const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(part) as object);
  for (const [name, { value }] of Object.entries(methods)) {
    if (typeof value !== 'function' || name === 'constructor') continue;
    const method = value as (...args: unknown[]) => unknown;
    const heeded = function (this: object, ...args: unknown[]): unknown {
      called();
      return method.apply(this, args);
    };
    Object.defineProperty(part, name, { value: heeded });
  }
}
