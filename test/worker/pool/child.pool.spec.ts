import { describe, expect, it } from 'vitest';
import type { Broker } from '../../../lib/broker/broker.js';
import { openContent } from '../../../lib/message/content.factory.js';
import { contentFields, type ContentConfig } from '../../../lib/message/content.options.js';
import { encodeTaskMessage } from '../../../lib/message/task-message.codec.js';
import { parametersOf } from '../../../lib/task/parameters.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import { DeliveryLost, SoftTimeLimitExceeded, WorkerLostError } from '../../../lib/task/task.signals.js';
import { readOptions } from '../../../lib/runtime/options.js';
import { handedOver } from '../../../lib/worker/handed-over.js';
import { CargoHold } from '../../../lib/worker/pool/cargo.js';
import type { SpawnChild } from '../../../lib/worker/pool/child.js';
import { ChildPool, type RecycleLimits } from '../../../lib/worker/pool/child.pool.js';
import type { FromChild } from '../../../lib/worker/pool/protocol.js';
import type { Requests } from '../../../lib/worker/pool/pool.js';
import { toThrown } from '../../../lib/worker/pool/thrown.js';
import { Request } from '../../../lib/worker/request.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { taskDefaults } from '../../task/defaults.js';
import { aTaskMessage } from '../a-task-message.js';
import { fakeChildren } from './fake-children.js';

const NO_LIMITS: RecycleLimits = { maxTasks: undefined, maxMemoryBytes: undefined };

interface APool {
  size?: number;
  limits?: RecycleLimits;
  /** Whether the child of this number, from 0, can be made. */
  spawns?: (number: number) => boolean;
}

async function aPool({ size = 1, limits = NO_LIMITS, spawns = () => true }: APool = {}) {
  const content = await openContent(readOptions<ContentConfig>('celery', {}, contentFields));
  const clock = new FakeClock();
  const lines: string[] = [];
  const { all: children, spawn: makes } = fakeChildren();
  let spawned = 0;
  const spawn: SpawnChild = (events) => {
    spawned += 1;
    if (spawns(spawned - 1)) return makes(events);
    throw new Error('spawn ENOMEM');
  };
  const hold = new CargoHold(content, 'json');
  const line = (message: string) => void lines.push(message);
  const published: string[] = [];
  const broker = { publish: async ({ routingKey }) => void published.push(routingKey) } as Pick<
    Broker,
    'publish'
  >;
  const pool = new ChildPool('prefork', 'cpu', size, {
    spawn,
    hold,
    services: { broker: broker as Broker, backend: undefined, hold },
    startTimeoutMs: 5_000,
    limits,
    clock,
    random: () => 0,
    log: { debug: line, log: line, warn: line, error: line },
  });
  const aRequest = (id = 'one', headers: Readonly<Record<string, unknown>> = {}) => {
    const message = aTaskMessage({ id });
    const wire = encodeTaskMessage(message, content);
    const more = { ...wire, headers: { ...wire.headers, ...headers } };
    const delivery = handedOver(more, { exchange: '', routingKey: 'celery' });
    const name = message.task;
    const config = readTaskOptions({ name }, taskDefaults());
    const parameters = parametersOf((..._args: never[]) => undefined, { typing: false });
    return new Request(delivery, message, { name, source: name, config, parameters });
  };
  const runTogether = (requests: Requests) => pool.run(requests, () => undefined);
  const run = (request: Request = aRequest()) => {
    const seen: string[] = [];
    const started = pool.run([request], () => seen.push('started'));
    const outcome = started.outcomes.then(([only]) => only);
    void outcome.then((ended) => seen.push(String(ended?.kind)));
    return { outcome, kill: () => started.kill(), request, seen };
  };
  return {
    pool,
    children,
    clock,
    lines,
    hold,
    published,
    aRequest,
    runTogether,
    run,
    /** The nth child, once there is one. */
    child: (index: number) => eventually(() => children[index]),
    async started() {
      const starting = pool.start();
      for (const child of children) child.ready();
      await starting;
      return this;
    },
  };
}

describe('starting', () => {
  it('waits for every child', async () => {
    const { pool, children } = await aPool({ size: 2 });
    let isStarted = false;
    const starting = pool.start().then(() => (isStarted = true));
    expect(children).toHaveLength(2);
    children[0]?.ready();
    await new Promise(setImmediate);
    expect([isStarted, pool.ready]).toEqual([false, 1]);
    children[1]?.ready();
    await starting;
    expect(pool.ready).toBe(2);
  });

  it('fails with what a child says, and leaves none behind', async () => {
    const { pool, children, clock } = await aPool({ size: 2 });
    const starting = pool.start();
    children[0]?.ready();
    children[1]?.say({ kind: 'unfit', error: toThrown(new Error('no database')) });
    children[1]?.exit();
    const failed = expect(starting).rejects.toThrow(/child 1 ended before it was ready \(no database\)/);
    await eventually(() => children[0]?.isTold.includes('stop'));
    children[0]?.exit('exit code 0');
    await failed;
    expect(clock.timers).toBe(0);
  });

  it('fails for a child that is not ready in time', async () => {
    const { pool, children, clock } = await aPool();
    const starting = pool.start();
    const failed = expect(starting).rejects.toThrow(/not ready within 5s/);
    await clock.advance(5_000);
    await failed;
    expect(children[0]?.killed).toBe(true);
  });

  it('says what to look at when the script of the children starts no worker', async () => {
    const { pool, children } = await aPool();
    const failed = expect(pool.start()).rejects.toThrow(/childEntry/);
    children[0]?.exit('exit code 0');
    await failed;
  });
});

describe('a child that cannot be made', () => {
  it('is tried for again, and stops nothing', async () => {
    const world = await aPool({ spawns: (number) => number !== 1 });
    const { pool, children, clock, lines } = await world.started();
    children[0]?.exit('signal SIGKILL');
    await clock.advance(1_000);
    expect(children).toHaveLength(2);
    children[1]?.ready();
    expect(pool.ready).toBe(1);
    expect(lines.join()).toContain('it could not be started: spawn ENOMEM');
    await clock.advance(60_000);
    expect(pool.ready).toBe(1);
  });
});

describe('a child whose script speaks to its parent itself', () => {
  it.each(['ready', null, 7, { kind: 'online' }])('is not listened to: %o', async (message) => {
    const { run, children } = await (await aPool()).started();
    children[0]?.say(message as unknown as FromChild);
    const { outcome } = run();
    children[0]?.succeeds(1);
    expect(await outcome).toMatchObject({ kind: 'succeeded' });
  });
});

describe('a message that cannot be told to a child', () => {
  const untellable = { 'x-odd': new Map() };

  it('fails, and the child takes the next', async () => {
    const { run, aRequest, children } = await (await aPool()).started();
    expect(await run(aRequest('odd', untellable)).outcome).toMatchObject({ kind: 'failed' });
    const { outcome } = run();
    children[0]?.succeeds(1);
    expect(await outcome).toMatchObject({ kind: 'succeeded' });
  });

  it('fails in the line too, behind which others wait', async () => {
    const { run, aRequest, children } = await (await aPool()).started();
    const first = run();
    const odd = run(aRequest('odd', untellable));
    const last = run();
    children[0]?.succeeds(1);
    expect(await first.outcome).toMatchObject({ kind: 'succeeded' });
    expect(await odd.outcome).toMatchObject({ kind: 'failed' });
    children[0]?.succeeds(2);
    expect(await last.outcome).toMatchObject({ kind: 'succeeded', value: 2 });
  });
});

describe('a run', () => {
  it('is handed to a free child, with its message as it came', async () => {
    const { run, children, aRequest } = await (await aPool()).started();
    const request = aRequest();
    const { outcome, seen } = run(request);
    expect(seen).toEqual(['started']);
    const order = children[0]?.order;
    expect(Buffer.from(order?.items[0]?.message.body ?? [])).toEqual(request.delivery.message.body);
    expect(order?.items[0]?.from).toMatchObject({ queue: 'celery', redelivered: false });
    children[0]?.succeeds(42);
    expect(await outcome).toEqual({ kind: 'succeeded', value: 42, runtimeMs: 1 });
  });

  it('waits in line, and its time begins when it is handed over', async () => {
    const { run, children } = await (await aPool()).started();
    run();
    const second = run();
    expect(second.seen).toEqual([]);
    children[0]?.succeeds();
    await eventually(() => second.seen.length > 0);
    expect(second.seen).toEqual(['started']);
  });

  it('passes on why its signal was aborted, and stops listening at its end', async () => {
    const { run, children } = await (await aPool()).started();
    const first = run();
    first.request.abort.abort(new SoftTimeLimitExceeded(2));
    expect(children[0]?.heard.at(-1)).toMatchObject({
      kind: 'abort',
      reason: { known: 'SoftTimeLimitExceeded', fields: { limitSeconds: 2 } },
    });
    children[0]?.succeeds();
    await first.outcome;
    const second = run();
    children[0]?.succeeds();
    await second.outcome;
    second.request.abort.abort(new DeliveryLost());
    expect(children[0]?.isTold).toEqual(['run', 'abort', 'run']);
  });

  it('of a batch ends each of its requests by itself, and tells which one is no longer wanted', async () => {
    const { runTogether, children, aRequest } = await (await aPool()).started();
    const [first, second] = [aRequest('one'), aRequest('two')];
    const { outcomes } = runTogether([first, second]);
    second.abort.abort(new DeliveryLost());
    expect(children[0]?.heard.at(-1)).toMatchObject({ kind: 'abort', item: 1 });
    children[0]?.say({
      kind: 'ended',
      run: 1,
      ends: [
        { outcome: { kind: 'ignored' }, children: ['of one'] },
        { outcome: { kind: 'interrupted' }, children: ['of two'] },
      ],
      memoryBytes: 0,
      runsOn: false,
    });
    expect(await outcomes).toEqual([{ kind: 'ignored' }, { kind: 'interrupted' }]);
    expect([first.children, second.children]).toEqual([['of one'], ['of two']]);
  });

  it('of a batch is lost for each of them with its child', async () => {
    const { runTogether, children, aRequest } = await (await aPool()).started();
    const { outcomes } = runTogether([aRequest('one'), aRequest('two')]);
    children[0]?.exit('signal SIGKILL');
    expect((await outcomes).map(({ kind }) => kind)).toEqual(['workerLost', 'workerLost']);
  });

  it('takes over what the child sent', async () => {
    const { run, children } = await (await aPool()).started();
    const { outcome, request } = run();
    children[0]?.say({
      kind: 'ended',
      run: 1,
      ends: [{ outcome: { kind: 'ignored' }, children: [[['sent', null], null]] }],
      memoryBytes: 0,
      runsOn: false,
    });
    await outcome;
    expect(request.children).toEqual([[['sent', null], null]]);
  });

  it('that is killed in the line never begins', async () => {
    const { run, children } = await (await aPool()).started();
    run();
    const second = run();
    expect(await second.kill()).toBe('ended');
    children[0]?.succeeds();
    await new Promise(setImmediate);
    expect(second.seen).toEqual([]);
  });

  it('that is killed at work takes its child with it, and no other run', async () => {
    const { run, children, pool } = await (await aPool({ size: 2 })).started();
    const doomed = run();
    const beside = run();
    expect(await doomed.kill()).toBe('ended');
    expect(children[0]?.killed).toBe(true);
    expect(children).toHaveLength(3);
    children[1]?.succeeds('beside');
    expect(await beside.outcome).toMatchObject({ value: 'beside' });
    children[2]?.ready();
    expect(pool.ready).toBe(2);
  });

  it('gets answers to what it asks for, refusals too', async () => {
    const { run, children, hold, published } = await (await aPool()).started();
    run();
    const plain = hold.load({ exchange: '', routingKey: 'mail' });
    const message = { body: Buffer.from('[]'), contentType: 'application/json', contentEncoding: 'utf-8' };
    const ask = { what: 'publish', target: plain, options: hold.load(undefined) } as const;
    children[0]?.say({
      kind: 'call',
      call: 7,
      ask: { ...ask, message: { ...message, headers: hold.load({}), properties: hold.load({}) } },
    });
    await eventually(() => children[0]?.heard.at(-1)?.kind === 'answer');
    expect(published).toEqual(['mail']);
    children[0]?.say({ kind: 'call', call: 8, ask: { what: 'backend', method: 'get', args: [] } });
    await eventually(() => children[0]?.heard.at(-1)?.kind === 'refusal');
    expect(children[0]?.heard.at(-1)).toMatchObject({ call: 8, error: { known: 'NoResultBackendError' } });
  });
});

describe('a child that dies', () => {
  it('loses its run, and is replaced after a pause that grows with each death and ends with a good run', async () => {
    const { run, children, clock, lines } = await (await aPool()).started();
    const { outcome } = run();
    children[0]?.exit('signal SIGKILL');
    expect(await outcome).toEqual({ kind: 'workerLost', error: new WorkerLostError('signal SIGKILL') });
    expect(lines.at(-1)).toMatch(
      /child 0 ended at a task \(signal SIGKILL\)\. Another takes its place in 50 ms/,
    );
    expect(children).toHaveLength(1);
    const pauses = [50, 100, 200, 400, 800, 1_600, 2_000, 2_000];
    for (const [index, pause] of pauses.entries()) {
      await clock.advance(pause - 1);
      expect(children).toHaveLength(index + 1);
      await clock.advance(1);
      expect(children).toHaveLength(index + 2);
      children[index + 1]?.ready();
      run();
      children[index + 1]?.exit();
    }
    await clock.advance(2_000);
    children.at(-1)?.ready();
    run();
    children.at(-1)?.succeeds();
    run();
    children.at(-1)?.exit();
    expect(lines.at(-1)).toContain('in 50 ms');
  });

  it('before it is ready keeps the others waiting for up to half a minute', async () => {
    const { run, children, clock, lines } = await (await aPool()).started();
    run();
    children[0]?.exit();
    const next = run();
    for (let death = 1; death < 14; death += 1) {
      while (children.length === death) await clock.advance(50);
      children.at(-1)?.exit();
    }
    expect(lines.at(-1)).toContain('in 30000 ms');
    await clock.advance(30_000);
    children.at(-1)?.ready().succeeds('at last');
    expect(await next.outcome).toMatchObject({ value: 'at last' });
  });

  it('while it waits for work is replaced too', async () => {
    const { children, clock, pool } = await (await aPool()).started();
    children[0]?.exit('signal SIGSEGV');
    await clock.advance(50);
    children[1]?.ready();
    expect(pool.ready).toBe(1);
  });
});

describe('recycling', () => {
  it('replaces a child after so many runs, the next one being made while it leaves', async () => {
    const limits = { ...NO_LIMITS, maxTasks: 2 };
    const { run, children, pool, clock } = await (await aPool({ limits })).started();
    for (let count = 0; count < 2; count += 1) {
      const { outcome } = run();
      children[0]?.succeeds();
      await outcome;
    }
    expect(children[0]?.isTold.at(-1)).toBe('stop');
    expect(children).toHaveLength(2);
    const third = run();
    children[1]?.ready().succeeds('fresh');
    expect(await third.outcome).toMatchObject({ value: 'fresh' });
    await clock.advance(10_000);
    expect(children[0]?.killed).toBe(true);
    expect([pool.ready, children.length]).toEqual([1, 2]);
  });

  it('replaces a child that holds too much memory', async () => {
    const limits = { ...NO_LIMITS, maxMemoryBytes: 1_000 };
    const { run, children } = await (await aPool({ limits })).started();
    run();
    children[0]?.succeeds(null, 1_000);
    expect(children).toHaveLength(1);
    run();
    children[0]?.succeeds(null, 1_001);
    expect(children[0]?.isTold.at(-1)).toBe('stop');
    expect(children).toHaveLength(2);
  });
});

describe('another size', () => {
  it('grows at once, and shrinks as children come to the end of their runs', async () => {
    const { run, children, pool } = await (await aPool()).started();
    pool.resize(3);
    expect(children).toHaveLength(3);
    for (const child of children.slice(1)) child.ready();
    run();
    const busy = run();
    pool.resize(1);
    expect(children[2]?.isTold).toEqual(['stop']);
    children[0]?.succeeds();
    expect(children[0]?.isTold.at(-1)).toBe('stop');
    children[1]?.succeeds('kept');
    expect(await busy.outcome).toMatchObject({ value: 'kept' });
    expect(children[1]?.isTold.at(-1)).toBe('run');
    expect([pool.size, children.length]).toEqual([1, 3]);
  });
});

describe('stopping', () => {
  it('lets idle children leave by themselves, kills those at work, and gives what waits back', async () => {
    const { run, children, pool, clock } = await (await aPool({ size: 2 })).started();
    const first = run();
    const second = run();
    const third = run();
    await first.kill();
    children[2]?.ready();
    const fourth = run();
    children[1]?.succeeds();
    const stopping = pool.stop();
    expect(children[2]?.killed).toBe(true);
    expect(await third.outcome).toMatchObject({ kind: 'workerLost' });
    expect(await second.outcome).toMatchObject({ kind: 'succeeded' });
    expect(await fourth.outcome).toMatchObject({ kind: 'workerLost' });
    await stopping;
    expect(clock.timers).toBe(0);
    expect(pool.ready).toBe(0);
  });

  it('gives back what waits in line, and lets idle children leave', async () => {
    const { run, children, pool, clock } = await (await aPool()).started();
    children[0]?.exit();
    const waiting = run();
    const stopping = pool.stop();
    expect(await waiting.outcome).toEqual({ kind: 'interrupted' });
    await stopping;
    expect(clock.timers).toBe(0);
  });

  it('kills a child that does not leave, and spawns none any more', async () => {
    const { children, pool, clock } = await (await aPool()).started();
    const stopping = pool.stop();
    await clock.advance(10_000);
    await stopping;
    expect(children[0]?.killed).toBe(true);
    await clock.advance(60_000);
    expect(children).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });
});
