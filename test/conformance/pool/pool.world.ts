import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { CeleryFactory, ControlClient, TaskClient, type CreateWorkerOptions } from '../../../lib/index.js';
import { compileLib } from '../../support/compiled-lib.js';
import { PoolModule, PoolTasks, ScopedTasks } from './pool.app.js';

/** The script of the children: the application of the suite, as a user would start it. */
const SCRIPT = `
import { CeleryFactory } from './index.js';
import { PoolModule } from './pool.app.js';
await CeleryFactory.createWorker(PoolModule, { logger: false });
`;

/** The library and the application in plain JavaScript, for children. */
export async function poolScript() {
  const lib = await compileLib();
  await lib.compile(join(import.meta.dirname, 'pool.app.ts'), 'pool.app.js');
  const entry = await lib.script('pool.worker.mjs', SCRIPT);
  return { ...lib, entry };
}

export type PoolScript = Awaited<ReturnType<typeof poolScript>>;
export type PoolWorld = Awaited<ReturnType<typeof startPool>>;

/** A worker in this process, with its children if its pool has any, and a client. */
export async function startPool(entry: string, options: CreateWorkerOptions) {
  const folder = await mkdtemp(join(tmpdir(), 'pool-test-'));
  const notes = join(folder, 'notes');
  process.env['POOL_NOTES'] = notes;
  const lines: string[] = [];
  const worker = await CeleryFactory.createWorker(PoolModule, {
    logger: recording(lines),
    handleSignals: false,
    childEntry: entry,
    ...options,
  });
  const client = worker.app.get(TaskClient);
  return {
    worker,
    lines,
    client,
    control: worker.app.get(ControlClient),
    tasks: client.of(PoolTasks),
    scoped: client.of(ScopedTasks),
    /** What the hooks of each process and thread wrote down. */
    notes: async () => (await readFile(notes, 'utf8')).trim().split('\n'),
    async [Symbol.asyncDispose]() {
      await worker.close(1_000);
      delete process.env['POOL_NOTES'];
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function recording(lines: string[]): LoggerService {
  const at =
    (level: string) =>
    (message: unknown): void =>
      void lines.push(`${level} ${String(message)}`);
  return { log: at('log'), warn: at('warn'), error: at('error'), debug: at('debug'), fatal: at('fatal') };
}
