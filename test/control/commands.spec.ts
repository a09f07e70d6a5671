import { describe, expect, it } from 'vitest';
import { gate } from '../flows/world.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { controlled } from './control.world.js';

const DONE = () => 1;

describe('questions', () => {
  it('about an idle worker have the answers of Celery', async () => {
    await using world = await controlled({
      tasks: { b: DONE, a: { maxRetries: 5, acksLate: true, run: DONE } },
    });
    const { ask } = world;

    expect(await ask('ping')).toBe('pong');
    expect(await ask('ping', { anything: 1 })).toBe('pong');
    expect(await ask('active')).toEqual([]);
    expect(await ask('dump_reserved')).toEqual([]);
    expect(await ask('scheduled')).toEqual([]);
    expect(await ask('revoked')).toEqual([]);
    expect(await ask('query_task', { ids: ['nope'] })).toEqual({});
    expect(await ask('registered')).toEqual(['a', 'b']);
    expect(await ask('registered', { taskinfoitems: ['max_retries', 'acks_late', 'nonsense'] })).toEqual([
      'a [max_retries=5 acks_late=True]',
      'b [max_retries=3 acks_late=False]',
    ]);
    expect(await ask('registered', { builtins: true })).toContain('celery.chord_unlock');
    expect(await ask('clock')).toEqual({ clock: expect.any(Number) as number });
    expect(await ask('stats')).toMatchObject({
      total: {},
      pid: process.pid,
      uptime: 0,
      pool: { implementation: 'nestjs-celery:async', 'max-concurrency': 2 },
      broker: { transport: 'memory' },
      prefetch_count: 8,
    });
    expect(await ask('nosuchcmd')).toEqual({ refused: "KeyError('nosuchcmd')" });
  });

  it('about its queues show them as kombu does', async () => {
    await using world = await controlled({ tasks: {}, worker: { queues: ['mail'] } });

    expect(await world.ask('active_queues')).toEqual([
      {
        name: 'mail',
        exchange: {
          name: 'mail',
          type: 'direct',
          arguments: null,
          durable: true,
          passive: false,
          auto_delete: false,
          delivery_mode: null,
          no_declare: false,
        },
        routing_key: 'mail',
        queue_arguments: null,
        binding_arguments: null,
        consumer_arguments: null,
        durable: true,
        exclusive: false,
        auto_delete: false,
        no_ack: false,
        alias: null,
        bindings: [],
        no_declare: null,
        expires: null,
        message_ttl: null,
        max_length: null,
        max_length_bytes: null,
        max_priority: null,
        newest_sent: null,
      },
    ]);
  });

  it('about its queues tell when the newest message taken from each was sent', async () => {
    await using world = await controlled({ tasks: { work: DONE }, worker: { queues: ['celery', 'mail'] } });
    const newest = async () => {
      const queues = (await world.ask('active_queues')) as { name: string; newest_sent: number }[];
      return Object.fromEntries(queues.map(({ name, newest_sent: sent }) => [name, sent]));
    };
    const sent = world.clock.now() / 1000;
    await world.send('work');
    await eventually(() => world.worker.status.processed === 1);

    expect(await newest()).toEqual({ celery: sent, mail: null });
    await world.control.fleet({ destination: 'w1@vm' }).cancelConsumer('celery');
    await world.control.fleet({ destination: 'w1@vm' }).addConsumer('celery');
    expect(await newest()).toEqual({ celery: null, mail: null });
  });

  it('about a worker at work tell which tasks run, wait, and are not due', async () => {
    const { open, opened } = gate();
    await using world = await controlled({
      tasks: { work: () => opened },
      worker: { concurrency: 1, etaHold: '1h' },
    });
    const later = await world.send('work', [], { countdown: 60 });
    const running = await world.send('work', [1], {}, { a: 2 });
    const waiting = await world.send('work');
    await eventually(() => world.worker.status.running === 1 && world.worker.status.waiting === 1);
    const startedAt = world.clock.now() / 1000;

    const info = { name: 'work', type: 'work', hostname: 'w1@vm' };
    expect(await world.ask('active')).toEqual([
      {
        ...info,
        id: running,
        args: [1],
        kwargs: { a: 2 },
        time_start: startedAt,
        acknowledged: true,
        delivery_info: { exchange: '', routing_key: 'celery', priority: 0, redelivered: false },
        worker_pid: process.pid,
      },
    ]);
    expect(await world.ask('active', { safe: true })).toMatchObject([{ args: '(1,)', kwargs: "{'a': 2}" }]);
    expect(await world.ask('reserved')).toMatchObject([
      { ...info, id: waiting, time_start: null, acknowledged: false, worker_pid: null },
    ]);
    expect(await world.ask('scheduled')).toMatchObject([
      { eta: '2026-11-21T04:19:00.000000+00:00', priority: 6, request: { ...info, id: later } },
    ]);
    expect(await world.ask('query_task', { ids: [running, waiting, later, 'x'] })).toMatchObject({
      [running]: ['active', { id: running }],
      [waiting]: ['reserved', { id: waiting }],
      [later]: ['scheduled', { id: later }],
    });
    expect(await world.ask('query_task', { ids: running })).toHaveProperty(running);
    expect(await world.ask('stats')).toMatchObject({ total: { work: 1 }, pool: { busy: 1, waiting: 1 } });
    open();
  });

  it('about memory show samples', async () => {
    await using world = await controlled({ tasks: {} });

    expect(await world.ask('memsample')).toMatch(/^\d+\.\d{3}MB$/);
    expect(await world.ask('memdump')).toMatch(
      /^- rss \(sample\):\n(- {4}> \d+\.\d{3}MB,\n){2}- rss \(end\): \d+\.\d{3}MB\.\n$/,
    );
    expect(await world.ask('memdump', { samples: 0 })).toHaveProperty('refused');
  });
});

describe('revoke', () => {
  it('keeps a task from running, also one that is held', async () => {
    await using world = await controlled({ tasks: { work: DONE }, worker: { etaHold: '1h' } });
    const taskId = await world.send('work', [], { countdown: 60 });
    await eventually(() => world.worker.status.held === 1);

    expect(await world.ask('revoke', { task_id: [taskId, 'other'] })).toBe(
      `tasks {'${taskId}', 'other'} flagged as revoked`,
    );

    expect(await world.ask('revoked')).toEqual(['other', taskId]);
    await world.clock.advance(60_000);
    await world.until(taskId, 'REVOKED');
    expect(world.lines).toContain(`log Tasks flagged as revoked: ${taskId}, other`);
  });

  it('with terminate ends what runs: its signal aborts, and its result says so', async () => {
    let reason: unknown;
    await using world = await controlled({
      tasks: {
        work: (task) =>
          new Promise((resolve) =>
            task.signal.addEventListener('abort', () => {
              reason = task.signal.reason;
              resolve(1);
            }),
          ),
      },
    });
    const taskId = await world.send('work');
    await eventually(() => world.worker.status.running === 1);

    expect(await world.ask('terminate', { task_id: taskId, signal: 'SIGKILL' })).toBe(`terminate: ${taskId}`);

    expect(await world.until(taskId, 'REVOKED')).toMatchObject({ result: { exc_message: ['terminated'] } });
    expect(reason).toMatchObject({ code: 'TASK_TERMINATED' });
    expect(await world.ask('revoke', { task_id: 'gone', terminate: true })).toBe('terminate: tasks unknown');
  });

  it('by stamps keeps those tasks from running that have one of them', async () => {
    await using world = await controlled({ tasks: { work: DONE } });
    expect(await world.ask('revoke_by_stamped_headers', { headers: { run: ['a', 'b'] } })).toBe(
      "headers {'run': ['a', 'b']} flagged as revoked, but not terminated",
    );
    expect(await world.ask('revoke_by_stamped_headers', { headers: ['tenant=x'] })).toMatch(
      /flagged as revoked/,
    );
    const message = (id: string, stamps: object) =>
      world.publish(
        aMessage({
          body: '[[], {}, {}]',
          headers: { task: 'work', id, root_id: id, stamped_headers: Object.keys(stamps), stamps },
        }),
      );
    await message('stamped', { run: ['z', 'b'] });
    await message('tenant', { tenant: 'x' });
    await message('free', { run: ['z'] });

    await world.until('stamped', 'REVOKED');
    await world.until('tenant', 'REVOKED');
    await world.until('free', 'SUCCESS');
    expect(await world.ask('revoke_by_stamped_headers', { headers: { run: ['q'] }, terminate: true })).toBe(
      "headers {'run': ['q']} were not terminated",
    );
  });

  it.each([{}, { task_id: 7 }, { task_id: [] }, { task_id: ['a', 7] }, { task_id: null }])(
    'without ids is refused: %j',
    async (args) => {
      await using world = await controlled({ tasks: {} });
      expect(await world.ask('revoke', args)).toEqual({
        refused: 'task_id: expected a text or a list of texts',
      });
    },
  );
});

describe('commands', () => {
  it('change what is consumed', async () => {
    await using world = await controlled({ tasks: { work: DONE } });
    const { ask, worker } = world;
    const names = () => worker.queues.map(({ name }) => name);

    expect(await ask('add_consumer', { queue: 'extra' })).toBe('add consumer extra');
    expect(await ask('add_consumer', { queue: 'extra' })).toBe('add consumer extra');
    expect(names()).toEqual(['celery', 'extra']);
    const taskId = await world.send('work', [], { queue: 'extra' });
    await world.until(taskId, 'SUCCESS');
    expect(
      await ask('add_consumer', { queue: 'q2', exchange: 'ex2', exchange_type: 'topic', routing_key: 'a.#' }),
    ).toBe('add consumer q2');
    expect(worker.queues.at(-1)).toMatchObject({
      exchange: { name: 'ex2', type: 'topic' },
      routingKey: 'a.#',
    });

    expect(await ask('cancel_consumer', { queue: 'extra' })).toBe('no longer consuming from extra');
    expect(await ask('cancel_consumer', { queue: 'unknown' })).toBe('no longer consuming from unknown');
    expect(names()).toEqual(['celery', 'q2']);
    expect(await ask('add_consumer', {})).toHaveProperty('refused');
    expect(
      await ask('add_consumer', { queue: 'q3', exchange: 'x', exchange_type: 'nonsense' }),
    ).toHaveProperty('refused');
  });

  it('change the pool', async () => {
    await using world = await controlled({ tasks: {} });
    const { ask, worker } = world;
    const size = () => worker.status.pools[0]?.size;

    expect(await ask('pool_grow', { n: 3 })).toBe('pool will grow');
    expect(size()).toBe(5);
    expect(await ask('pool_shrink', { n: '2' })).toBe('pool will shrink');
    expect(size()).toBe(3);
    expect(await ask('pool_shrink', { n: 3 })).toHaveProperty('refused');
    expect(await ask('pool_grow', { n: -1 })).toHaveProperty('refused');
    expect(await ask('pool_grow', { n: 1, pool: 'nope' })).toHaveProperty('refused');
    expect(await ask('pool_restart')).toEqual({ refused: "ValueError('Pool restarts not enabled')" });
    expect(await ask('autoscale', { max: 6, min: 3 })).toBe('autoscale now max=6 min=3');
    expect(await ask('stats')).toMatchObject({ autoscaler: { max: 6, min: 3 } });
    expect(await ask('autoscale', { max: 1, min: 3 })).toHaveProperty('refused');
  });

  it('change time limits of a task, for calls that bring none', async () => {
    await using world = await controlled({
      tasks: {
        slow: (task) =>
          new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason))),
      },
    });
    expect(await world.ask('time_limit', { task_name: 'slow', soft: 5, hard: 20 })).toBe(
      'time limits set successfully',
    );
    const taskId = await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    await world.clock.advance(5_000);

    expect(await world.until(taskId, 'FAILURE')).toMatchObject({
      result: { exc_type: 'SoftTimeLimitExceeded' },
    });
    expect(await world.ask('time_limit', { task_name: 'nope', soft: 5 })).toEqual({
      refused: 'unknown task',
    });
    expect(await world.ask('time_limit', { task_name: 'slow', soft: 'x' })).toHaveProperty('refused');
    expect(await world.ask('time_limit', { task_name: 'slow', soft: 9, hard: 1 })).toHaveProperty('refused');
  });

  it('turn events on and off', async () => {
    await using world = await controlled({ tasks: {} });
    const said = [];
    for (const command of ['enable_events', 'enable_events', 'disable_events', 'disable_events'])
      said.push(await world.ask(command));

    expect(said).toEqual([
      'task events enabled',
      'task events already enabled',
      'task events disabled',
      'task events already disabled',
    ]);
    expect(await world.ask('heartbeat')).toBeNull();
  });

  it('shut the worker down warmly, and nobody answers', async () => {
    await using world = await controlled({ tasks: {} });
    await world.fleet.shutdown();
    await world.clock.advance(100);

    await world.worker.stopped;
    expect(world.worker.status.state).toBe('stopped');
  });

  it('change rate limits, which are shown with the task', async () => {
    await using world = await controlled({ tasks: { mail: { rateLimit: '10/m', run: DONE }, free: DONE } });
    const { ask } = world;
    const limit = (rate: unknown) => ask('rate_limit', { task_name: 'mail', rate_limit: rate });

    expect(await ask('registered')).toEqual(['free', 'mail [rate_limit=10/m]']);
    expect(await limit('5/s')).toBe('new rate limit set successfully');
    expect(await ask('registered')).toEqual(['free', 'mail [rate_limit=5/s]']);
    expect(await limit('7/m')).toBe('new rate limit set successfully');
    expect(await ask('registered')).toEqual(['free', 'mail [rate_limit=7/m]']);
    expect(await limit('0.5/m')).toBe('new rate limit set successfully');
    expect(await ask('registered')).toEqual(['free', 'mail [rate_limit=30/h]']);
    expect(await limit('x/y')).toHaveProperty('refused');
    expect(await limit([1])).toHaveProperty('refused');
    for (const none of [null, 0, '']) expect(await limit(none)).toBe('rate limit disabled successfully');
    expect(await ask('registered')).toEqual(['free', 'mail']);
  });

  it('rate limits of an unknown task are refused', async () => {
    await using world = await controlled({ tasks: {} });
    expect(await world.ask('rate_limit', { task_name: 'nope', rate_limit: '1/s' })).toEqual({
      refused: 'unknown task',
    });
  });
});
