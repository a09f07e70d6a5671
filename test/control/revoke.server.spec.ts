import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { CeleryApp, readCeleryOptions, TaskRevokedError } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { eventually } from '../support/eventually.js';

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;
const BROKERS = [
  { name: 'Redis', broker: () => redis(12) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
];

describe.each(BROKERS)('what is revoked on $name', ({ broker }) => {
  it('is not run by the worker that comes after a restart, while no other knows of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'revoke-test-'));
    const stateDb = join(folder, 'worker.state');
    const queue = `revoke-${randomUUID()}`;
    const hostname = `${queue}@vm`;
    const open = async (): Promise<CeleryApp> => {
      const taskQueues = [{ name: queue }];
      const options = { broker: broker(), backend: redis(14), taskQueues, taskDefaultQueue: queue };
      const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
      app.defineTask('work', {}, () => 'ran');
      return app;
    };
    const worker = { queues: [queue], hostname, stateDb, mingle: false, gossip: false };
    const client = await open();
    try {
      const first = await open();
      await first.startWorker(worker);
      const due = await client.client.applyAsync('work', { countdown: '4s' });
      const fleet = client.control.fleet({ destination: hostname });
      await fleet.revoke([due.id, `later-${queue}`]);
      await fleet.revoke({ rootId: 'root' });
      await eventually(async () => {
        const { roots } = JSON.parse(await readFile(stateDb, 'utf8')) as { roots: object };
        return 'root' in roots;
      });
      await first.close();

      const second = await open();
      await second.startWorker(worker);
      try {
        const later = await client.client.applyAsync('work', { taskId: `later-${queue}` });
        const member = await client.client.applyAsync('work', { rootId: 'root' });
        const free = await client.client.applyAsync('work');
        const wait = { timeout: '20s' } as const;
        expect(await free.get(wait)).toBe('ran');
        for (const each of [later, member, due])
          await expect(each.get(wait)).rejects.toThrow(TaskRevokedError);
      } finally {
        await second.close();
      }
    } finally {
      await client.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
