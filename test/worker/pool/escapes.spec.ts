import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileLib } from '../../support/compiled-lib.js';

const run = promisify(execFile);
const LONG_MS = 60_000;

/** A worker in a process of its own: what gets away there would end the process of the tests. */
const SCRIPT = `
import { CeleryFactory, TaskClient } from './index.js';
import { EscapesModule, EscapingTasks } from './escapes.app.js';
const [pool, ...ways] = process.argv.slice(2);
const options = { pool, concurrency: 2, logger: ['error'] };
const worker = await CeleryFactory.createWorker(EscapesModule, options);
const tasks = worker.app.get(TaskClient).of(EscapingTasks);
const end = (result) => result.get({ timeout: '30s' }).catch((error) => error.remote?.message ?? error.message);
for (const how of ways) {
  const neighbour = await tasks.takes.delay(300);
  const task = await tasks.lets.delay(how);
  console.log('END', how, '=', await end(task), 'beside', await end(neighbour));
}
if (!ways.includes('nobody')) void worker.close();
await worker.run();
console.log('END of the worker');
`;

describe('an error that gets away from a task', { timeout: LONG_MS }, () => {
  let lib: Awaited<ReturnType<typeof compileLib>>;
  let script = '';

  beforeAll(async () => {
    lib = await compileLib();
    await lib.compile(join(import.meta.dirname, 'escapes.app.ts'), 'escapes.app.js');
    script = await lib.script('main.mjs', SCRIPT);
  }, LONG_MS);
  afterAll(() => lib[Symbol.asyncDispose]());

  const outputOf = async (...args: string[]) => {
    const env = { ...process.env, NO_COLOR: '1' };
    const ran = await run(process.execPath, [script, ...args], { env }).catch((error: unknown) => error);
    const { stdout = '', stderr = '', code = 0 } = ran as { stdout?: string; stderr?: string; code?: number };
    const all = stdout + stderr;
    return { ends: all.match(/(?<=^END ).*/gm) ?? [], all, code };
  };

  it.each(['async', 'prefork', 'threads'])('fails that task and no other in a pool: %s', async (pool) => {
    const ways = ['a tick', 'a timer', 'a rejection', 'an emitter', 'an abort listener'];
    const { ends, all, code } = await outputOf(pool, ...ways, 'a late timer', 'a hostile error');
    expect(ends, all).toEqual([
      ...ways.map((how) => `${how} = let go by ${how} beside 300`),
      'a late timer = null beside 300',
      'a hostile error = an error that cannot be read beside 300',
      'of the worker',
    ]);
    for (const how of ways)
      expect(all).toMatch(
        new RegExp(`Task escapes.lets\\[[\\w-]+\\] let an error go, which fails by it: let go by ${how}`),
      );
    expect(all).toMatch(/let an error go, which nothing waited for: let go by a late timer/);
    expect(code).toBe(0);
  });

  it('harms nobody when it is a listener’s', async () => {
    const { ends, all } = await outputOf('async', 'a listener');
    expect(ends, all).toEqual(['a listener = null beside 300', 'of the worker']);
    expect(all).toContain('Listener EscapingListener.succeeded of task-succeeded let an error go');
  });

  it('stops the worker warmly when it is nobody’s, and its process ends with 1', async () => {
    const { ends, all, code } = await outputOf('async', 'nobody');
    expect(ends, all).toEqual(['nobody = null beside 300', 'of the worker']);
    expect(all).toContain('Something outside of every task let an error go');
    expect(code).toBe(1);
  });
});
