import { describe, expect, it } from 'vitest';
import { decodeTaskMessage } from '../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { Broadcast } from '../../lib/producer/queue.options.js';
import type { Resend } from '../../lib/producer/sender.js';
import type { ProducerOptions } from '../../lib/producer/producer.options.js';
import { aTask, openProducer } from './world.js';

const ETA = Date.UTC(2026, 10, 21, 4, 18, 5, 11);

/** A message of Celery 5.6 that has failed once before. */
const received: WireMessage = {
  body: Buffer.from('[[1,  2], {}, {"callbacks": null, "errbacks": null, "chain": [], "chord": null}]'),
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  headers: {
    lang: 'py',
    task: 'tw.retry',
    id: 'a-retry',
    retries: 1,
    eta: null,
    expires: '2026-11-21T04:18:11.906000+02:00',
    root_id: 'root',
    parent_id: 'before',
    timelimit: [10, null],
    group: 'g',
    group_index: 3,
    stamped_headers: ['trace'],
    stamps: { trace: 't' },
    argsrepr: '(1, 2)',
    kwargsrepr: '{}',
    origin: 'gen1@vm',
    'x-tenant': 'a',
    'x-death': [{ count: 1 }],
    'x-first-death-queue': 'q',
    redelivered: true,
  },
  properties: {
    correlationId: 'a-retry',
    replyTo: 'reply',
    deliveryMode: 2,
    priority: 2,
    expiration: '9000',
  },
};

async function resend(
  change: Partial<Resend> = {},
  { wire = received, options = {} }: { wire?: WireMessage; options?: ProducerOptions } = {},
) {
  const world = await openProducer({ options, tasks: [aTask('tw.retry')] });
  const message = decodeTaskMessage(wire, world.content);
  await world.producer.resend({
    message,
    wire,
    exchange: '',
    routingKey: 'celery',
    queue: 'celery',
    request: {},
    etaMs: ETA,
    ...change,
  });
  return world.broker;
}

describe('the next attempt', () => {
  it('is the same message with one retry more, sent from inside itself', async () => {
    const broker = await resend();

    const {
      'x-death': _death,
      'x-first-death-queue': _queue,
      redelivered: _redelivered,
      ...kept
    } = received.headers;
    expect(broker.message.headers).toEqual({
      ...kept,
      retries: 2,
      eta: '2026-11-21T04:18:05.011000+00:00',
      parent_id: 'a-retry',
    });
    expect(broker.message.body).toBe(received.body);
    expect(broker.message.properties).toEqual({
      correlationId: 'a-retry',
      replyTo: 'reply',
      deliveryMode: 2,
      priority: 2,
      expiration: '0',
      sentMs: Date.parse('2026-11-21T04:18:01.906Z'),
    });
  });

  it('keeps what is left of its life time', async () => {
    const wire = {
      ...received,
      headers: { ...received.headers, expires: '2026-11-21T04:19:01.906000+00:00' },
    };
    const broker = await resend({}, { wire });

    expect(broker.message.headers['expires']).toBe('2026-11-21T04:19:01.906000+00:00');
    expect(broker.message.properties.expiration).toBe('60000');
  });

  it('with new arguments has a new body, and everything else as it was', async () => {
    const broker = await resend({ request: { args: [5], kwargs: { x: 'y' }, priority: 9 } });

    expect(broker.body).toEqual([
      [5],
      { x: 'y' },
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ]);
    expect(broker.message.headers).toMatchObject({
      id: 'a-retry',
      retries: 2,
      root_id: 'root',
      parent_id: 'a-retry',
      expires: '2026-11-21T04:18:11.906000+02:00',
      group: 'g',
      group_index: 3,
      stamps: { trace: 't' },
      argsrepr: '(5,)',
      kwargsrepr: "{'x': 'y'}",
      'x-tenant': 'a',
    });
    expect(broker.message.headers).not.toHaveProperty('x-death');
    expect(broker.message.properties.priority).toBe(9);
  });

  it('of a protocol 1 message is one of protocol 2', async () => {
    const body = {
      task: 'tw.retry',
      id: 'v1',
      args: [1],
      kwargs: {},
      retries: 0,
      eta: null,
      expires: null,
      utc: true,
    };
    const wire = { ...received, headers: {}, body: Buffer.from(JSON.stringify(body)) };
    const broker = await resend({}, { wire });

    expect(broker.message.headers).toMatchObject({ task: 'tw.retry', id: 'v1', retries: 1, parent_id: 'v1' });
    expect(broker.body).toMatchObject([[1], {}, {}]);
  });
});

describe('where the next attempt goes', () => {
  const media: ProducerOptions = {
    taskQueues: [
      'celery',
      { name: 'media', exchange: { name: 'media', type: 'topic' }, routingKey: 'media.#' },
      Broadcast('news'),
    ],
  };

  it.each<[string, Partial<Resend>, object]>([
    ['back to its queue', { exchange: '', routingKey: 'urgent' }, { exchange: '', routingKey: 'urgent' }],
    [
      'back to its exchange and key',
      { exchange: 'media', routingKey: 'media.video', queue: 'media' },
      { exchange: 'media', routingKey: 'media.video', exchangeDeclaration: { type: 'topic' } },
    ],
    [
      'to everyone again, for a broadcast',
      { exchange: 'news', routingKey: 'celery', queue: 'bcast.1' },
      { exchange: 'news', routingKey: 'celery', exchangeDeclaration: { type: 'fanout' } },
    ],
    ['to the queue it asked for', { request: { queue: 'slow' } }, { exchange: '', routingKey: 'slow' }],
    [
      'to the exchange of that queue',
      { request: { queue: 'media' } },
      { exchange: 'media', routingKey: 'media.#' },
    ],
  ])('%s', async (_what, change, target) => {
    const broker = await resend(change, { options: media });

    expect(broker.only.target).toMatchObject(target);
  });
});
