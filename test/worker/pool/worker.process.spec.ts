import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poolScript, type PoolScript } from '../../conformance/pool/pool.world.js';
import { eventually } from '../../support/eventually.js';

const LONG_MS = 60_000;

/** A worker as a user starts it: its children run this very script up to `createWorker`. */
const SCRIPT = `
import { CeleryFactory, TaskClient } from './index.js';
import { PoolModule, PoolTasks, place } from './pool.app.js';
const [pool, kills, spins] = process.argv.slice(2);
console.log(CeleryFactory.isPoolChild ? 'CHILD' : 'PARENT', place());
const worker = await CeleryFactory.createWorker(PoolModule, { pool, concurrency: 2 });
const tasks = worker.app.get(TaskClient).of(PoolTasks);
await (await tasks.says.delay('said inside a task')).get({ timeout: '30s' });
if (kills) {
  const killed = await tasks.dies.delay(kills);
  console.log(await killed.get({ timeout: '50s' }).catch((error) => error.message));
  console.log(await (await tasks.echo.delay('next')).get({ timeout: '30s' }));
}
if (spins) await tasks.spin.applyAsync([], { timeLimit: '10m' });
console.log('READY');
await worker.run();
console.log('ENDED');
`;

describe.each(['threads', 'prefork'] as const)(
  'a worker process with a pool of %s',
  { timeout: LONG_MS },
  (pool) => {
    let script: PoolScript;
    let file: string;

    beforeAll(async () => {
      script = await poolScript();
      file = await script.script('main.mjs', SCRIPT);
    }, LONG_MS);
    afterAll(() => script[Symbol.asyncDispose]());

    const start = (args: readonly string[] = [], flags: readonly string[] = []) => {
      const child = spawn(process.execPath, [...flags, file, pool, ...args], {
        detached: true,
        env: { ...process.env, NO_COLOR: '1' },
      });
      let written = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => (written += String(chunk)));
      const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal }));
      return {
        pid: child.pid ?? 0,
        output: () => written,
        ended,
        says: (what: string) =>
          eventually(() => written.includes(what), { withinMs: 50_000, what }).catch((error: unknown) => {
            throw new Error(`${String(error)}\n${written}`);
          }),
        /** Process ids of the children. */
        children: () => [...written.matchAll(/CHILD (\d+):/g)].map(([, pid]) => Number(pid)),
        async [Symbol.asyncDispose]() {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await ended;
        },
      };
    };

    it('runs its script in each child up to the worker, writes what tasks say, and ends with SIGTERM', async () => {
      await using worker = start();
      await worker.says('READY');
      expect(worker.output()).toMatch(/\[PoolTasks\].* said inside a task/);
      expect(worker.output().match(/^CHILD/gm)).toHaveLength(2);
      expect(worker.output().match(/Starting Nest application/g)).toHaveLength(1);
      expect(worker.output().match(/^PARENT/gm)).toHaveLength(1);
      process.kill(worker.pid, 'SIGTERM');
      expect(await worker.ended).toEqual({ code: 0, signal: null });
      expect(worker.output()).toContain('ENDED');
      if (pool === 'prefork') expect(worker.children().filter(isAlive)).toEqual([]);
    });

    it('ends warmly with Ctrl-C, which reaches its children too: with 1, as Celery', async () => {
      await using worker = start();
      await worker.says('READY');
      process.kill(-worker.pid, 'SIGINT');
      expect(await worker.ended).toEqual({ code: 1, signal: null });
      expect(worker.output()).toContain('ENDED');
      expect(worker.output()).not.toMatch(/ERROR|ended/);
    });

    it('outlives a child that runs out of memory', async () => {
      await using worker = start(['memory'], ['--max-old-space-size=120']);
      await worker.says('READY');
      expect(worker.output()).toMatch(/^Task .* failed: WorkerLostError: Worker exited prematurely: /m);
      expect(worker.output()).toMatch(/^next$/m);
    });

    if (pool === 'prefork')
      it('leaves no children behind when it is killed, however busy they are', async () => {
        await using worker = start(['', 'spins']);
        await worker.says('READY');
        const children = worker.children();
        expect(children).toHaveLength(2);
        process.kill(worker.pid, 'SIGKILL');
        await eventually(() => !children.some(isAlive), {
          withinMs: 30_000,
          what: 'the end of the children',
        });
      });
  },
);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
