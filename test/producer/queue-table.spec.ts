import { describe, expect, it } from 'vitest';
import type { ProducerOptions } from '../../lib/producer/producer.options.js';
import { Broadcast } from '../../lib/producer/queue.options.js';
import { QueueTable } from '../../lib/producer/queue-table.js';
import { producerConfig } from './world.js';

const table = (options: ProducerOptions = {}): QueueTable => new QueueTable(producerConfig(options));
const direct = (name: string) => ({ name, type: 'direct', durable: true, autoDelete: false, arguments: {} });
const plain = {
  bindings: [],
  bindingArguments: {},
  durable: true,
  exclusive: false,
  autoDelete: false,
  arguments: {},
  consumerOnly: false,
};

describe('the default queue', () => {
  it("is Celery's", () => {
    const queues = table();
    expect(queues.defaultQueue).toEqual({
      name: 'celery',
      exchange: direct('celery'),
      routingKey: 'celery',
      ...plain,
    });
    expect(queues.select(undefined)).toEqual([queues.defaultQueue]);
  });

  it('stands on the default exchange, with the default key', () => {
    const queues = table({
      taskDefaultQueue: 'shop',
      taskDefaultExchange: 'tasks',
      taskDefaultExchangeType: 'topic',
      taskDefaultRoutingKey: 'shop.all',
    });
    expect(queues.defaultQueue).toMatchObject({
      name: 'shop',
      exchange: { name: 'tasks', type: 'topic' },
      routingKey: 'shop.all',
    });
  });

  it('is a plain one beside taskQueues that leave it out, and no worker takes it unasked', () => {
    const queues = table({
      taskQueues: ['mail'],
      taskDefaultExchange: 'tasks',
      taskDefaultQueueType: 'quorum',
    });
    expect(queues.defaultQueue).toEqual({
      name: 'celery',
      exchange: direct('celery'),
      routingKey: 'celery',
      ...plain,
    });
    expect(queues.select([]).map((queue) => queue.name)).toEqual(['mail']);
  });

  it('is a quorum queue by option', () => {
    const queues = table({ taskDefaultQueueType: 'quorum' });
    expect(queues.defaultQueue.arguments).toEqual({ 'x-queue-type': 'quorum' });
    expect(queues.get('other').arguments).toEqual({});
  });
});

describe('taskQueues', () => {
  it('takes names: queue, exchange and key are called alike', () => {
    expect(table({ taskQueues: ['mail'] }).get('mail')).toEqual({
      name: 'mail',
      exchange: direct('mail'),
      routingKey: 'mail',
      ...plain,
    });
  });

  it('takes objects: the default exchange and its own name as key, where they say nothing', () => {
    const queues = table({ taskQueues: [{ name: 'slow' }, { name: 'fast', routingKey: 'fast.#' }] });
    expect(queues.get('slow')).toMatchObject({ exchange: { name: 'celery' }, routingKey: 'slow' });
    expect(queues.get('fast')).toMatchObject({ exchange: { name: 'celery' }, routingKey: 'fast.#' });
  });

  it('writes every setting as RabbitMQ names it', () => {
    const queues = table({
      taskQueues: [
        {
          name: 'media',
          exchange: {
            name: 'media',
            type: 'topic',
            durable: false,
            arguments: { 'alternate-exchange': 'rest' },
          },
          routingKey: 'media.#',
          bindings: ['video.#', 'audio.#'],
          maxPriority: 10,
          messageTtl: '1m',
          expires: 3600,
          maxLength: 1000,
          maxLengthBytes: 1_000_000,
          deadLetterExchange: '',
          deadLetterRoutingKey: 'media.dead',
          queueArguments: { 'x-overflow': 'reject-publish' },
        },
        {
          name: 'h',
          exchange: 'h',
          exchangeType: 'headers',
          bindingArguments: { 'x-match': 'all', kind: 'pdf' },
        },
      ],
    });
    expect(queues.get('media')).toEqual({
      name: 'media',
      exchange: {
        name: 'media',
        type: 'topic',
        durable: false,
        autoDelete: false,
        arguments: { 'alternate-exchange': 'rest' },
      },
      routingKey: 'media.#',
      bindings: ['video.#', 'audio.#'],
      bindingArguments: {},
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: {
        'x-overflow': 'reject-publish',
        'x-max-priority': 10,
        'x-message-ttl': 60_000,
        'x-expires': 3_600_000,
        'x-max-length': 1000,
        'x-max-length-bytes': 1_000_000,
        'x-dead-letter-exchange': '',
        'x-dead-letter-routing-key': 'media.dead',
      },
      consumerOnly: false,
    });
    expect(queues.get('h')).toMatchObject({
      exchange: { name: 'h', type: 'headers' },
      bindingArguments: { 'x-match': 'all', kind: 'pdf' },
    });
    expect(queues.exchange('media')).toBe(queues.get('media').exchange);
  });

  it('gives each process a queue of its own for a broadcast', () => {
    const options: ProducerOptions = { taskQueues: [Broadcast('news')] };
    const [mine, other] = [table(options).get('news'), table(options).get('news')];
    expect(mine).toMatchObject({
      exchange: { name: 'news', type: 'fanout', durable: true },
      routingKey: 'celery',
      durable: true,
      autoDelete: true,
      consumerOnly: true,
    });
    expect(mine.name).toMatch(/^bcast\.[0-9a-f-]{36}$/);
    expect(mine.name).not.toBe(other.name);
  });

  it('adds taskQueueMaxPriority where a queue has none, made ones too, and never to quorum queues', () => {
    const queues = table({
      taskQueueMaxPriority: 9,
      taskQueues: [
        { name: 'own', maxPriority: 3 },
        'plain',
        Broadcast('news'),
        { name: 'q', queueType: 'quorum' },
      ],
    });
    expect(queues.get('own').arguments).toEqual({ 'x-max-priority': 3 });
    for (const name of ['plain', 'news', 'made']) {
      expect(queues.get(name).arguments).toEqual({ 'x-max-priority': 9 });
    }
    expect(queues.get('q').arguments).toEqual({ 'x-queue-type': 'quorum' });
  });

  it('is frozen all the way', () => {
    const queue = table({ taskQueues: [{ name: 'a', queueArguments: { 'x-overflow': 'drop-head' } }] }).get(
      'a',
    );
    expect(
      Object.isFrozen(queue) && Object.isFrozen(queue.arguments) && Object.isFrozen(queue.exchange),
    ).toBe(true);
  });

  it.each<[unknown, string]>([
    ['mail', 'celery.taskQueues: expected a list, got "mail"'],
    [[''], 'celery.taskQueues[0]: expected a name of 1 to 255 bytes, got ""'],
    [['a\u0006\u00163'], 'celery.taskQueues[0]: expected a name of 1 to 255 bytes'],
    [['ü'.repeat(128)], 'expected a name of 1 to 255 bytes'],
    [['a', { name: 'a' }], 'celery.taskQueues: names the queue "a" twice'],
    [[{}], 'celery.taskQueues[0].name: expected a name of 1 to 255 bytes, got undefined'],
    [
      [{ name: 'a', routingkey: 'b' }],
      'celery.taskQueues[0].routingkey: unknown option. Did you mean routingKey?',
    ],
    [[{ name: 'a', exchangeType: 'x' }], 'expected one of direct, topic, fanout, headers, got "x"'],
    [
      [{ name: 'a', exchange: { name: 'e', typ: 'topic' } }],
      'exchange.typ: unknown option. Did you mean type?',
    ],
    [[{ name: 'a', maxPriority: 256 }], 'maxPriority: expected an integer, 1 to 255, got 256'],
    [[{ name: 'a', messageTtl: '1 h' }], 'celery.taskQueues[0].messageTtl: "1 h" is not a duration'],
    [[{ name: 'a', deadLetterRoutingKey: 'd' }], 'does nothing without deadLetterExchange'],
    [[{ name: 'a', queueType: 'quorum', maxPriority: 5 }], 'is not for quorum queues'],
    [[{ name: 'a', queueType: 'quorum', durable: false }], 'a quorum queue is durable'],
    [
      [{ name: 'a', queueArguments: { 'x-queue-type': 'quorum' }, autoDelete: true }],
      'a quorum queue is durable',
    ],
  ])('refuses %j', (taskQueues, message) => {
    expect(() => table({ taskQueues: taskQueues as never })).toThrow(message);
  });
});

describe('a queue that is not configured', () => {
  it('is made when it is first named, and stays the same one', () => {
    const queues = table({ taskQueues: ['mail'] });
    expect(queues.get('urgent')).toEqual({
      name: 'urgent',
      exchange: direct('urgent'),
      routingKey: 'urgent',
      ...plain,
    });
    expect(queues.get('urgent')).toBe(queues.get('urgent'));
    expect(queues.select(['urgent', 'mail', 'urgent']).map((queue) => queue.name)).toEqual([
      'urgent',
      'mail',
    ]);
  });

  it('is made as taskCreateMissing… say', () => {
    const queues = table({
      taskCreateMissingQueueType: 'quorum',
      taskCreateMissingQueueExchangeType: 'topic',
    });
    expect(queues.get('urgent')).toMatchObject({
      exchange: { name: 'urgent', type: 'topic' },
      arguments: { 'x-queue-type': 'quorum' },
    });
  });

  it('is refused without taskCreateMissingQueues, with what was meant', () => {
    const queues = table({ taskQueues: ['mail', 'slow'], taskCreateMissingQueues: false });
    expect(() => queues.get('mial')).toThrow(
      'queue: "mial" is missing from taskQueues. Did you mean "mail"?',
    );
    expect(() => queues.get('billing')).toThrow('Known: mail, slow.');
    expect(() => queues.get('__proto__')).toThrow('is missing from taskQueues');
  });

  it('keeps no more made queues than it can hold', () => {
    const queues = table();
    for (let index = 0; index < 10_001; index += 1) queues.get(`q${index}`);
    expect(queues.get('q10000')).not.toBe(queues.get('q10000'));
  });
});
