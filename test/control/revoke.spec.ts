import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parametersOf } from '../../lib/task/parameters.js';
import { batchHandler } from '../../lib/worker/batch/batch.handler.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { gate } from '../flows/world.js';
import { controlled } from './control.world.js';

const DONE = (): string => 'done';

async function aFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'revoke-test-'));
  return {
    folder,
    file: join(folder, 'state', 'worker.state'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

describe('a revoked task', () => {
  it('does not run that comes later', async () => {
    await using world = await controlled({ tasks: { work: DONE } });
    await world.ask('revoke', { task_id: 'late' });
    await world.send('work', [], { taskId: 'late' });
    expect(await world.until('late', 'REVOKED')).toMatchObject({ result: { exc_message: ['revoked'] } });
  });

  it('does not run that waits in the broker for its time', async () => {
    await using world = await controlled({ tasks: { work: DONE }, worker: { etaHold: 0 } });
    const id = await world.send('work', [], { countdown: 3_600 });
    await eventually(async () => (await world.broker.size('celery')) === 0);
    expect(world.worker.status.held).toBe(0);
    await world.ask('revoke', { task_id: id });
    await world.clock.advance(3_600_000);
    await world.until(id, 'REVOKED');
  });

  it('may clean up that runs, and is revoked whatever it gives in the end', async () => {
    const door = gate();
    await using world = await controlled({
      tasks: {
        cleaning: async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          await door.opened;
          return 'cleaned up';
        },
      },
      worker: { abortGrace: '5s' },
    });
    const id = await world.send('cleaning');
    await eventually(() => world.worker.status.running === 1);
    expect(await world.ask('terminate', { task_id: id })).toBe(`terminate: ${id}`);
    await world.clock.advance(4_000);
    expect(world.results.last(id)).toBeUndefined();
    door.open();
    expect(await world.until(id, 'REVOKED')).toMatchObject({ result: { exc_message: ['terminated'] } });
    await world.idle();
    expect(world.worker.status.leaked).toBe(0);
    await world.worker.stop();
    expect(world.clock.timers).toBe(0);
  });

  it.each([
    ['after the time that aborted handlers have', 'SIGTERM', 5_000],
    ['at once with SIGKILL', 'SIGKILL', 0],
  ])('is cut short that does not listen: %s', async (_when, signal, afterMs) => {
    await using world = await controlled({
      tasks: { deaf: () => new Promise(() => undefined) },
      worker: { abortGrace: '5s' },
    });
    const id = await world.send('deaf');
    await eventually(() => world.worker.status.running === 1);
    await world.ask('terminate', { task_id: id, signal });
    await world.clock.advance(Math.max(0, afterMs - 1));
    if (afterMs > 0) expect(world.results.last(id)).toBeUndefined();
    await world.clock.advance(1);
    await world.until(id, 'REVOKED');
    expect(world.worker.status.leaked).toBe(1);
  });
});

describe('a revoked message of a batch that runs', () => {
  it('ends by itself, and the call goes on for the others', async () => {
    const door = gate();
    const aborted: string[] = [];
    const anything = parametersOf((..._args: never[]) => undefined, { params: ['...args'] });
    await using world = await controlled({
      tasks: {
        index: {
          batch: { size: 2, wait: '1m' },
          run: batchHandler(anything, async (_task, batch) => {
            for (const { id, task } of batch) task.signal.addEventListener('abort', () => aborted.push(id));
            await door.opened;
            return batch.map(({ id }) => id);
          }),
        },
      },
    });
    const [gone, kept] = [await world.send('index'), await world.send('index')];
    await eventually(() => world.worker.status.running === 2);
    await world.ask('terminate', { task_id: gone, signal: 'SIGKILL' });
    await world.until(gone, 'REVOKED');
    expect(aborted).toEqual([gone]);
    door.open();
    expect((await world.until(kept, 'SUCCESS')).result).toBe(kept);
    expect(world.worker.status.leaked).toBe(0);
  });
});

describe('a revoked workflow', () => {
  it('runs none of its tasks, whoever sends them, and harms no other', async () => {
    await using world = await controlled({ tasks: { work: DONE } });
    await world.fleet.revoke({ rootId: 'root' });
    await eventually(() => world.lines.includes('log Workflows flagged as revoked: root'));
    const own = await world.send('work', [], { rootId: 'root' });
    const other = await world.send('work', [], { rootId: 'another' });
    await world.send('work', [], { taskId: 'root' });
    await world.until(own, 'REVOKED');
    await world.until('root', 'REVOKED');
    await world.until(other, 'SUCCESS');
  });

  it('is ended where it runs, with terminate', async () => {
    await using world = await controlled({ tasks: { deaf: () => new Promise(() => undefined) } });
    const own = await world.send('deaf', [], { rootId: 'root' });
    const other = await world.send('deaf', [], { rootId: 'another' });
    await eventually(() => world.worker.status.running === 2);
    const args = { task_id: 'root', root_id: 'root', terminate: true, signal: 'SIGKILL' };
    expect(await world.ask('revoke', args)).toBe(`terminate: ${own}`);
    await world.until(own, 'REVOKED');
    expect(world.results.last(other)).toBeUndefined();
    expect(await world.ask('revoke', { task_id: 'root', root_id: ['root'] })).toBe(
      "workflows {'root'} flagged as revoked",
    );
    expect(await world.ask('revoke', { task_id: 'root', root_id: 7 })).toHaveProperty('refused');
  });
});

describe('what is revoked', () => {
  it('outlives its worker in the state file: tasks, workflows and stamps', async () => {
    await using place = await aFolder();
    {
      await using before = await controlled({ tasks: { work: DONE }, worker: { stateDb: place.file } });
      await before.ask('revoke', { task_id: ['one', 'two'] });
      await before.ask('revoke', { task_id: 'root', root_id: 'root' });
      await before.ask('revoke_by_stamped_headers', { headers: { tenant: ['x'] } });
    }
    await using world = await controlled({ tasks: { work: DONE }, worker: { stateDb: place.file } });
    expect(await world.ask('revoked')).toEqual(['root', 'two', 'one']);
    await world.send('work', [], { taskId: 'one' });
    await world.until('one', 'REVOKED');
    await world.until(await world.send('work', [], { rootId: 'root' }), 'REVOKED');
    const stamped = { stamped_headers: ['tenant'], stamps: { tenant: 'x' } };
    await world.publish(
      aMessage({ body: '[[], {}, {}]', headers: { task: 'work', id: 'stamped', root_id: 'r', ...stamped } }),
    );
    await world.until('stamped', 'REVOKED');
    await world.until(await world.send('work'), 'SUCCESS');
    expect(await readdir(join(place.folder, 'state'))).toEqual(['worker.state']);
  });

  it('is in the file a moment after it was said, for a worker that is killed says no more', async () => {
    await using place = await aFolder();
    await using world = await controlled({ tasks: {}, worker: { stateDb: place.file } });
    await world.ask('revoke', { task_id: 'one' });
    await world.clock.advance(100);
    await eventually(async () => {
      const { revoked } = JSON.parse(await readFile(place.file, 'utf8')) as { revoked: object };
      return 'one' in revoked;
    });
  });

  it('is forgotten after three hours, also those that the worker was away', async () => {
    await using place = await aFolder();
    const hoursAgo = (hours: number): number => Date.parse('2026-11-21T04:18:00.000Z') - hours * 3_600_000;
    const revoked = { old: hoursAgo(3.1), young: hoursAgo(2.9), ahead: hoursAgo(-5) };
    const file = join(place.folder, 'state');
    await writeFile(file, JSON.stringify({ version: 1, clock: 40, revoked, roots: {}, stamps: {} }));
    await using world = await controlled({ tasks: {}, worker: { stateDb: file } });
    expect(((await world.ask('revoked')) as string[]).toSorted()).toEqual(['ahead', 'young']);
    expect(await world.ask('clock')).toMatchObject({ clock: 41 });
  });

  it.each(['no state', '{"version":2}', '[1]', '{"version":1,"revoked'])(
    'is lost with a file that holds %s, which is kept aside and told',
    async (written) => {
      await using place = await aFolder();
      const file = join(place.folder, 'state');
      await writeFile(file, written);
      await using world = await controlled({ tasks: {}, worker: { stateDb: file } });
      expect(world.lines).toContainEqual(
        expect.stringMatching(/^error The state file .* moved to .*unreadable/),
      );
      expect(await readFile(`${file}.unreadable`, 'utf8')).toBe(written);
      expect(await world.ask('revoked')).toEqual([]);
    },
  );

  it('keeps a worker from starting that cannot read or write its file', async () => {
    await using place = await aFolder();
    await expect(controlled({ tasks: {}, worker: { stateDb: place.folder } })).rejects.toThrow(
      /worker\.stateDb: .* cannot be used/,
    );
  });
});
