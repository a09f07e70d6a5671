import { randomUUID } from 'node:crypto';
import { CeleryApp, chain, chord, group, readCeleryOptions, type AnyCanvas } from 'nestjs-celery';
import { silentLog } from '../lib/runtime/logger.js';
import { startPythonClient, startPythonWorker } from '../test/support/python.js';
import type { Contender } from './measure.js';

export type Workflow = 'chain' | 'group' | 'chord';

const WAIT = { timeout: '10m' } as const;

/** Celery 5.2.6: two prefork children that take many messages ahead, the client in a process of its own. */
export function pythonWorkflow(redis: string, kind: Workflow, size: number): Contender {
  return {
    name: 'Python Celery 5.2.6, prefork x 2',
    promise: 'result stored',
    async open() {
      const queue = `bench-${randomUUID()}`;
      const urls = {
        broker: redis,
        backend: `${redis}/1`,
        app: 'workflow_app',
        env: { FLEET_QUEUE: queue, LISTS_URL: redis, PREFETCH: '64' },
      };
      const worker = await startPythonWorker(urls, [queue], `${queue}@bench`, 2);
      const client = await startPythonClient(urls, 'workflow_app.py');
      const ask = async (wanted: number): Promise<number> => {
        const { seconds } = await client.ask<{ seconds: number }>('bench', { kind, size: wanted });
        return wanted / seconds;
      };
      await ask(10);
      return {
        run: async () => ({ perSecond: await ask(size) }),
        close: async () => {
          await client[Symbol.asyncDispose]();
          await worker[Symbol.asyncDispose]();
        },
      };
    },
  };
}

/** Client and worker in this one process. */
export function ourWorkflow(redis: string, kind: Workflow, size: number): Contender {
  return {
    name: 'nestjs-celery',
    promise: 'result stored',
    async open() {
      const options = { broker: redis, backend: `${redis}/2`, taskDefaultQueue: `bench-${randomUUID()}` };
      const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
      app.defineTask('wf.inc', {}, (value: number) => value + 1);
      app.defineTask('wf.total', {}, (values: number[]) => values.reduce((sum, each) => sum + each, 0));
      await app.startWorker({ concurrency: 50 });
      const ask = async (wanted: number): Promise<number> => {
        const canvas = canvasOf(app, kind, wanted);
        const startedMs = performance.now();
        const result = await app.client.applyAsync(canvas as never);
        await result.get(WAIT);
        return (wanted * 1000) / (performance.now() - startedMs);
      };
      await ask(10);
      return {
        run: async () => ({ perSecond: await ask(size) }),
        close: () => app.close(),
      };
    },
  };
}

function canvasOf({ client }: CeleryApp, kind: Workflow, size: number): AnyCanvas {
  const inc = (...args: unknown[]) => client.signature<number>('wf.inc', { args });
  const numbered = Array.from({ length: size }, (_, index) => index);
  switch (kind) {
    case 'chain':
      return chain(inc(0), ...(numbered.slice(1).map(() => inc()) as [never]));
    case 'group':
      return group(numbered.map((index) => inc(index)));
    case 'chord':
      return chord(
        numbered.map((index) => inc(index)),
        client.signature('wf.total'),
      );
  }
}
