import { CeleryApp, chain, chord, group, readCeleryOptions, type AnyCanvas } from '../../lib/index.js';
import { burn } from '../burn.js';
import { inFlight } from '../measure.js';
import { argumentsOf, taskOf, type Order } from '../order.js';
import { TROUBLE_ONLY } from '../trouble-only.log.js';
import type { Peer } from './peer.js';

/** The library as an application has it: late acknowledgement is at least once, early is at most once. */
export const nestjsCelery: Peer = {
  async work(order, tick) {
    if (order.extra.startsWith('nest')) {
      const { workInNest } = await import('./nestjs-celery.nest.js');
      return workInNest(order, tick);
    }
    const app = await opened(order);
    define(app, tick);
    // What computes does so in a child: here it is heard of.
    if (order.taskMs > 0)
      app.addHook({ on: 'task-succeeded', task: undefined, source: 'bench', listener: tick });
    // No other process could lay the tasks ready.
    if (isEmbedded(order)) {
      const call = { args: argumentsOf(order) };
      await inFlight(order.warmUp + order.count, 500, () => app.client.applyAsync(taskOf(order), call));
    }
    await app.startWorker(workerOptions(order));
  },

  async publisher(order) {
    const { client } = await opened(order);
    const call = { args: argumentsOf(order), ignoreResult: order.mode !== 'stored' };
    const task = taskOf(order);
    return () => client.applyAsync(task, call);
  },

  async caller(order) {
    const app = await opened(order);
    const { client } = app;
    if (isEmbedded(order)) {
      define(app, () => undefined);
      await app.startWorker(workerOptions(order));
    }
    const [task, call] = [taskOf(order), { args: argumentsOf(order) }];
    return async () => (await client.applyAsync(task, call)).get({ timeout: '60s' });
  },

  async flow(order) {
    const app = await opened(order);
    return async (size) => {
      const result = await app.client.applyAsync(canvasOf(app, order.flow, size) as never);
      await result.get({ timeout: '10m' });
    };
  },

  async later(order) {
    const { client } = await opened(order);
    return () => client.applyAsync('bench.later', { countdown: '1h' });
  },
};

function define(app: CeleryApp, tick: () => void): void {
  app.defineTask('bench.noop', {}, (...args: unknown[]) => {
    tick();
    return args.length;
  });
  app.defineTask('bench.burn', {}, (loops: number) => burn(loops));
  app.defineTask('bench.inc', {}, (value: number) => value + 1);
  app.defineTask('bench.total', {}, (values: number[]) => values.length);
  app.defineTask('bench.later', {}, () => null);
}

function isEmbedded({ broker }: Order): boolean {
  return broker.startsWith('memory');
}

export function appOptions({ broker, backend, queue, mode }: Order) {
  return {
    broker,
    backend,
    taskDefaultQueue: queue,
    taskAcksLate: mode !== 'early',
    taskIgnoreResult: mode !== 'stored',
    resultExpires: '5m',
  } as const;
}

export function workerOptions({ concurrency, pool, extra }: Order) {
  return {
    concurrency,
    ...(pool === 'none' ? {} : { pool }),
    ...(extra === 'events' ? { sendEvents: true } : {}),
  } as const;
}

async function opened(order: Order): Promise<CeleryApp> {
  const app = await CeleryApp.open(readCeleryOptions(appOptions(order)), { log: TROUBLE_ONLY });
  await app.broker.connect();
  return app;
}

function canvasOf({ client }: CeleryApp, kind: Order['flow'], size: number): AnyCanvas {
  const inc = (...args: unknown[]) => client.signature<number>('bench.inc', { args });
  const numbered = Array.from({ length: size }, (_, index) => index);
  switch (kind) {
    case 'chain':
      return chain(inc(0), ...(numbered.slice(1).map(() => inc()) as [never]));
    case 'group':
      return group(numbered.map((index) => inc(index)));
    case 'chord':
      return chord(
        numbered.map((index) => inc(index)),
        client.signature('bench.total'),
      );
  }
}
