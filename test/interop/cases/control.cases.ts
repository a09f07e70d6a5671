import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { ControlWorld } from '../control.world.js';

/** Celery's own command line, version 5.2.6, about our worker. */
export function celeryDrivesUs(world: () => ControlWorld): void {
  describe('celery inspect', () => {
    it.each([
      ['ping', [], { ok: 'pong' }],
      ['clock', [], { clock: expect.any(Number) as number }],
      ['scheduled', [], []],
      ['registered', [], ['js.add', 'js.fail', 'js.wait']],
      [
        'registered',
        ['max_retries'],
        ['js.add [max_retries=2]', 'js.fail [max_retries=3]', 'js.wait [max_retries=3]'],
      ],
      ['memsample', [], expect.stringMatching(/^\d+\.\d{3}MB$/) as string],
      ['memdump', [], expect.stringContaining('- rss (end): ') as string],
    ])('%s %j', async (command, args, expected) => {
      expect(await world().asked('inspect', command, ...args)).toEqual(expected);
    });

    it('stats', async () => {
      expect(await world().asked('inspect', 'stats')).toMatchObject({
        pid: process.pid,
        clock: expect.stringMatching(/^\d+$/) as string,
        uptime: expect.any(Number) as number,
        pool: { 'max-concurrency': 4 },
        broker: { transport: expect.stringMatching(/^(amqp|redis)$/) as string },
        prefetch_count: 16,
        rusage: { maxrss: expect.any(Number) as number },
      });
    });

    it('active_queues', async () => {
      const { js, asked } = world();
      expect(await asked('inspect', 'active_queues')).toEqual([
        expect.objectContaining({
          name: js,
          exchange: expect.objectContaining({ name: js, type: 'direct' }) as object,
          routing_key: js,
          durable: true,
        }),
      ]);
    });

    it('conf, with secrets masked, and report', async () => {
      const { asked } = world();
      expect(await asked('inspect', 'conf')).toBeTypeOf('object');
      expect(await asked('inspect', 'report')).toMatchObject({
        ok: expect.stringContaining('software -> nestjs-celery:') as string,
      });
    });

    it('active, reserved and query_task, of a worker at work', async () => {
      const { app, js, jsNode, asked, lists, aGate } = world();
      const gate = aGate();
      const sent = [];
      while (sent.length < 5) sent.push(await app.client.applyAsync('js.wait', { args: [gate] }));
      const active = await eventually(
        async () => {
          const found = (await asked('inspect', 'active')) as { id: string }[];
          return found.length === 4 ? found : undefined;
        },
        { what: 'four running tasks', withinMs: 20_000 },
      );

      expect(active[0]).toMatchObject({
        name: 'js.wait',
        type: 'js.wait',
        args: [gate],
        kwargs: {},
        hostname: jsNode,
        acknowledged: true,
        time_start: expect.any(Number) as number,
        worker_pid: process.pid,
        delivery_info: { exchange: '', routing_key: js },
      });
      const running = new Set(active.map(({ id }) => id));
      const waiting = sent.find(({ id }) => !running.has(id))?.id ?? '';
      expect(await asked('inspect', 'reserved')).toMatchObject([{ id: waiting, time_start: null }]);
      expect(await asked('inspect', 'query_task', waiting, active[0]?.id ?? '', 'unknown')).toMatchObject({
        [waiting]: ['reserved', { id: waiting }],
        [active[0]?.id ?? '']: ['active', { id: active[0]?.id }],
      });
      for (const _ of sent) await lists.open(gate);
      for (const each of sent) await each.get({ timeout: 20 });
    });
  });

  describe('celery control', () => {
    it.each([
      ['enable_events', [], 'task events enabled'],
      ['enable_events', [], 'task events already enabled'],
      ['disable_events', [], 'task events disabled'],
      ['disable_events', [], 'task events already disabled'],
      ['time_limit', ['js.add', '10', '20'], 'time limits set successfully'],
      ['rate_limit', ['js.add', '100/m'], 'new rate limit set successfully'],
      // The text '0' is a rate to Python's worker, which then limits nothing.
      ['rate_limit', ['js.add', '0'], 'new rate limit set successfully'],
      ['pool_grow', ['2'], 'pool will grow'],
      ['pool_shrink', ['2'], 'pool will shrink'],
      ['autoscale', ['4', '4'], 'autoscale now max=4 min=4'],
    ])('%s %j', async (command, args, said) => {
      expect(await world().asked('control', command, ...args)).toEqual({ ok: said });
    });

    it.each([
      ['time_limit', ['nope', '1', '2'], 'unknown task'],
      ['rate_limit', ['nope', '1/s'], 'unknown task'],
      ['pool_shrink', ['100'], expect.stringContaining('size: ') as string],
      ['pool_restart', [], "ValueError('Pool restarts not enabled')"],
    ])('%s %j is refused with a reason', async (command, args, reason) => {
      expect(await world().asked('control', command, ...args)).toEqual({ error: reason });
    });

    it('heartbeat', async () => {
      expect(await world().asked('control', 'heartbeat')).toBeNull();
    });

    it('add_consumer and cancel_consumer', async () => {
      const { app, asked, js } = world();
      const extra = `${js}-extra`;
      const names = async (): Promise<string[]> =>
        ((await asked('inspect', 'active_queues')) as { name: string }[]).map(({ name }) => name);

      expect(await asked('control', 'add_consumer', extra)).toEqual({ ok: `add consumer ${extra}` });
      expect(await names()).toEqual([js, extra]);
      const result = await app.client.applyAsync('js.add', { args: [2, 2], queue: extra });
      expect(await result.get({ timeout: 20 })).toBe(4);
      expect(await asked('control', 'cancel_consumer', extra)).toEqual({
        ok: `no longer consuming from ${extra}`,
      });
      expect(await names()).toEqual([js]);
    });

    it('revoke is remembered, and terminate ends what runs', async () => {
      const { app, cli, asked, aGate, jsNode } = world();
      const { code } = await cli('control', '-d', jsNode, 'revoke', 'some-id');
      expect(code).toBe(0);
      await eventually(async () => ((await asked('inspect', 'revoked')) as string[]).includes('some-id'), {
        what: 'the revoked id',
        withinMs: 20_000,
      });

      const result = await app.client.applyAsync('js.wait', { args: [aGate()] });
      await eventually(async () => ((await asked('inspect', 'active')) as unknown[]).length > 0, {
        what: 'the running task',
        withinMs: 20_000,
      });
      expect(await asked('control', 'terminate', 'SIGTERM', result.id)).toEqual({
        ok: `terminate: ${result.id}`,
      });

      await expect(result.get({ timeout: 20 })).rejects.toThrow(/terminated/);
    });
  });

  it('celery status lists our worker beside its own', async () => {
    const { cli, jsNode, pyNode } = world();
    const { code, output } = await cli('status', '-t', '20', '-d', `${jsNode},${pyNode}`);

    expect(code).toBe(0);
    expect(output).toContain(`${jsNode}: OK`);
    expect(output).toContain(`${pyNode}: OK`);
  });

  it('celery call sends to our worker, and celery result finds what became of it', async () => {
    const { cli, js } = world();
    const sent = await cli('call', 'js.add', '-a', '[20, 22]', '--queue', js);
    expect(sent.code).toBe(0);
    const result = await cli('result', sent.output.trim());
    expect(result).toMatchObject({ code: 0, output: expect.stringMatching(/^42\s*$/) as string });

    const failing = await cli('call', 'js.fail', '-a', '["boom"]', '--queue', js);
    expect((await cli('result', failing.output.trim())).code).not.toBe(0);
    const { code, output } = await cli('result', '--traceback', failing.output.trim());
    expect(code).toBe(0);
    expect(output).toContain('RangeError: boom');
  });

  it('celery purge empties a queue that we filled, and report knows the broker', async () => {
    const { cli, app, js } = world();
    const idle = `${js}-idle`;
    for (const one of [1, 2, 3]) await app.client.applyAsync('js.add', { args: [one, 1], queue: idle });

    const { code, output } = await cli('purge', '-f', '-Q', idle);
    expect(code).toBe(0);
    expect(output).toContain('Purged 3 messages from 1 known task queue.');
    expect(await app.broker.size(idle)).toBe(0);
    expect(await cli('report')).toMatchObject({
      code: 0,
      output: expect.stringContaining('software -> celery:5.2.6') as string,
    });
  });

  it('a worker is found by pattern', async () => {
    const { python, jsNode, pyNode } = world();
    const { found } = await python.ask<{ found: string[] }>('matching', {
      pattern: 'js@*',
      matcher: 'glob',
      limit: 1,
    });
    expect(found).toEqual([jsNode]);
    const { found: both } = await python.ask<{ found: string[] }>('matching', {
      pattern: '(js|py)@[0-9a-f]+$',
      matcher: 'pcre',
      limit: 2,
    });
    expect(both.toSorted()).toEqual([jsNode, pyNode].toSorted());
  });
}
