import { describe, expect, it } from 'vitest';
import { plainQueue } from '../../lib/broker/topology.js';
import { QuarantineReader, type QuarantinedMessage } from '../../lib/worker/quarantine.reader.js';
import { aMessage } from '../support/a-message.js';
import { Inbox } from '../support/inbox.js';
import { aMemoryWorld } from '../broker/memory.world.js';

const MARKS = {
  'x-quarantine-reason': 'no such task',
  'x-quarantine-queue': 'mail',
  'x-quarantine-time': '2026-01-01T00:00:00.000Z',
};

async function aWorld(bodies: readonly string[], headers: object = {}) {
  const { clock, open } = aMemoryWorld();
  const broker = open();
  const queue = plainQueue('mail.quarantine');
  await broker.declareQueue(plainQueue('mail'));
  for (const body of bodies) {
    const message = aMessage({
      body,
      headers: { task: `mail.${body}`, id: body, own: 'kept', ...MARKS, ...headers },
    });
    await broker.publish({ exchange: '', routingKey: queue.name, queue }, message);
  }
  return {
    clock,
    broker,
    reader: new QuarantineReader(broker, clock),
    [Symbol.asyncDispose]: () => broker.close(),
  };
}

const ids = (messages: readonly QuarantinedMessage[]) => messages.map(({ taskId }) => taskId);

describe('what lies in quarantine', () => {
  it('is shown as often as one likes, in its order, and stays', async () => {
    await using w = await aWorld(['a', 'b', 'c']);
    expect(ids(await w.reader.list('mail.quarantine'))).toEqual(['a', 'b', 'c']);
    expect(ids(await w.reader.list('mail.quarantine'))).toEqual(['a', 'b', 'c']);
    expect((await w.reader.list('mail.quarantine'))[0]).toMatchObject({
      queue: 'mail.quarantine',
      from: 'mail',
      reason: 'no such task',
      since: '2026-01-01T00:00:00.000Z',
      task: 'mail.a',
    });
    expect(await w.broker.size('mail.quarantine')).toBe(3);
    expect(await w.reader.list('nothing.quarantine')).toEqual([]);
  });

  it('goes back to where it came from, by a filter, as it was', async () => {
    await using w = await aWorld(['a', 'b', 'c']);
    const { done, failed } = await w.reader.replay('mail.quarantine', {
      filter: ({ taskId }) => taskId !== 'b',
    });
    expect([ids(done), failed]).toEqual([['a', 'c'], []]);
    expect(ids(await w.reader.list('mail.quarantine'))).toEqual(['b']);

    const inbox = new Inbox();
    await w.broker.consume([plainQueue('mail')], { prefetch: 0, onDelivery: inbox.receive });
    const [first, second] = await inbox.take(2);
    expect(first?.message.headers).toEqual({ task: 'mail.a', id: 'a', own: 'kept' });
    expect(second?.message.body.toString()).toBe('c');
  });

  it('goes back at a rate, and no more than asked for', async () => {
    await using w = await aWorld(['a', 'b', 'c']);
    const progress: number[] = [];
    const replayed = w.reader.replay('mail.quarantine', {
      intervalMs: 100,
      limit: 2,
      onProgress: (done) => void progress.push(done),
    });
    while (progress.length < 1) await new Promise((resolve) => setImmediate(resolve));
    await w.clock.advance(99);
    expect(progress).toEqual([1]);
    await w.clock.advance(1);
    expect(ids((await replayed).done)).toEqual(['a', 'b']);
    expect(ids(await w.reader.list('mail.quarantine'))).toEqual(['c']);
  });

  it('stays when it cannot go back', async () => {
    await using unknown = await aWorld(['a'], { 'x-quarantine-queue': undefined });
    const { failed } = await unknown.reader.replay('mail.quarantine');
    expect(failed.map(([, reason]) => reason)).toEqual(['it does not say which queue it came from']);
    expect(await unknown.broker.size('mail.quarantine')).toBe(1);

    await using gone = await aWorld(['a'], { 'x-quarantine-queue': 'no-such-queue' });
    const outcome = await gone.reader.replay('mail.quarantine');
    expect(outcome.done).toEqual([]);
    expect(outcome.failed[0]?.[1]).toContain('no-such-queue');

    await using damaged = await aWorld(['a'], { 'x-quarantine-headers': '{}' });
    expect((await damaged.reader.replay('mail.quarantine')).failed[0]?.[1]).toContain(
      'headers could not be kept',
    );
  });

  it('is gone when it was discarded', async () => {
    await using w = await aWorld(['a', 'b']);
    const { done } = await w.reader.discard('mail.quarantine', { filter: ({ task }) => task === 'mail.a' });
    expect(ids(done)).toEqual(['a']);
    expect(await w.broker.size('mail.quarantine')).toBe(1);
    expect(await w.broker.size('mail')).toBe(0);
  });

  it('is a dead letter too, as RabbitMQ writes them', async () => {
    await using w = await aWorld(['a'], {
      'x-quarantine-reason': undefined,
      'x-quarantine-queue': undefined,
      'x-quarantine-time': undefined,
      'x-first-death-queue': 'mail',
      'x-death': [{ queue: 'mail', reason: 'rejected', count: 1 }],
    });
    expect((await w.reader.list('mail.quarantine'))[0]).toMatchObject({ from: 'mail', reason: 'rejected' });
  });
});
