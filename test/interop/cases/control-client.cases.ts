import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { ControlWorld } from '../control.world.js';

/** Our control client, about workers of both kinds. */
export function weDriveBoth(world: () => ControlWorld): void {
  describe('ControlClient', () => {
    const patient = { timeout: '10s', limit: 2 } as const;

    it('asks both kinds of workers', async () => {
      const { app, jsNode, pyNode } = world();
      const inspect = app.control.inspect(patient);
      const both = [jsNode, pyNode].toSorted();
      const from = (replies: readonly { hostname: string }[]) =>
        replies.map(({ hostname }) => hostname).toSorted();

      expect((await inspect.ping()).map(({ value }) => value)).toEqual(['pong', 'pong']);
      for (const ask of [
        () => inspect.stats(),
        () => inspect.active(),
        () => inspect.reserved(),
        () => inspect.scheduled(),
        () => inspect.revoked(),
        () => inspect.registered('max_retries'),
        () => inspect.activeQueues(),
        () => inspect.conf(),
        () => inspect.report(),
        () => inspect.clock(),
        () => inspect.memsample(),
        () => inspect.memdump(),
        () => inspect.queryTask('nope'),
      ]) {
        const replies = await ask();
        expect(from(replies)).toEqual(both);
        expect(replies.map(({ error }) => error)).toEqual([undefined, undefined]);
      }
    });

    it('asks one by name, or by pattern, and hears refusals', async () => {
      const { app, pyNode } = world();
      const fleet = app.control.fleet({ destination: pyNode, timeout: '10s' });

      expect(await fleet.rateLimit('nope', '1/s')).toEqual([
        { hostname: pyNode, value: undefined, error: 'unknown task' },
      ]);
      expect(await fleet.timeLimit('py.add', { hard: '20s', soft: '10s' })).toEqual([
        { hostname: pyNode, value: 'time limits set successfully', error: undefined },
      ]);
      const byPattern = app.control.inspect({ pattern: 'py@*', timeout: '10s', limit: 1 });
      expect(await byPattern.ping()).toEqual([{ hostname: pyNode, value: 'pong', error: undefined }]);
    });

    it('changes what a Python worker consumes', async () => {
      const { app, pyNode, py } = world();
      const fleet = app.control.fleet({ destination: pyNode, timeout: '10s' });
      const inspect = app.control.inspect({ destination: pyNode, timeout: '10s' });
      const extra = `${py}-extra`;
      const names = async () => (await inspect.activeQueues())[0]?.value?.map(({ name }) => name);

      await fleet.addConsumer(extra);
      await eventually(async () => (await names())?.includes(extra), { what: 'the queue', withinMs: 20_000 });
      const result = await app.client.applyAsync('py.add', { args: [1, 2], queue: extra });
      expect(await result.get({ timeout: 20 })).toBe(3);
      await fleet.cancelConsumer(extra);
      await eventually(async () => (await names())?.length === 1, { what: 'its end', withinMs: 20_000 });
    });

    it('tells a Python worker of a revoke', async () => {
      const { app, pyNode } = world();
      await app.control.fleet().revoke(['r-1', 'r-2']);
      const inspect = app.control.inspect({ destination: pyNode, timeout: '10s' });

      const revoked = await eventually(
        async () => {
          const [reply] = await inspect.revoked();
          return reply?.value?.includes('r-2') === true ? reply.value : undefined;
        },
        { what: 'the revoked ids', withinMs: 20_000 },
      );
      expect(revoked).toEqual(expect.arrayContaining(['r-1', 'r-2']));
    });
  });
}
