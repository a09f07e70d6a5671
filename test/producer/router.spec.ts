import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../lib/canvas/call.options.js';
import type { ProducerOptions } from '../../lib/producer/producer.options.js';
import { Broadcast } from '../../lib/producer/queue.options.js';
import { QueueTable } from '../../lib/producer/queue-table.js';
import { Router } from '../../lib/producer/router.js';
import type { RouteFunction, TaskRoutes } from '../../lib/producer/task-routes.js';
import { aTask, producerConfig } from './world.js';

function route(
  options: ProducerOptions,
  name: string,
  given: CallOptions = {},
  args: readonly unknown[] = [],
) {
  const config = producerConfig(options);
  const router = new Router(config.taskRoutes, new QueueTable(config));
  const { target, ...rest } = router.route({ name, args, kwargs: {}, task: undefined }, given);
  return { ...rest, exchange: target.exchange, routingKey: target.routingKey, target };
}

const media: ProducerOptions = {
  taskQueues: [
    'celery',
    'mail',
    { name: 'media', exchange: { name: 'media', type: 'topic' }, routingKey: 'media.#' },
    { name: 'h', exchange: { name: 'h', type: 'headers' }, routingKey: 'h' },
    Broadcast('news'),
  ],
};

describe('which queue', () => {
  const routes: TaskRoutes = {
    'mail.*': 'pattern',
    'mail.send': { queue: 'exact', priority: 3 },
    '*.late': { queue: 'late' },
    'mail.[ab]*': 'never: an earlier pattern has it',
    'a?c': 'only with a star is it a pattern',
    'web.[!x]*': 'web',
  };

  it.each([
    ['mail.send', 'exact'],
    ['mail.fetch', 'pattern'],
    ['mail.late', 'pattern'],
    ['shop.late', 'late'],
    ['abc', 'celery'],
    ['a?c', 'only with a star is it a pattern'],
    ['web.ax', 'web'],
    ['web.xa', 'celery'],
    ['constructor', 'celery'],
    ['__proto__', 'celery'],
  ])('a map sends %s to %s', (name, queue) => {
    expect(route({ taskRoutes: routes }, name)).toMatchObject({ exchange: '', routingKey: queue });
  });

  it('takes regular expressions from a Map or a list of pairs, in order', () => {
    const pairs = [
      [/^(video|image)\./gy, 'media'],
      [/\.slow$/, { queue: 'slow' }],
      ['video.exact', 'exact'],
    ] as const;
    for (const taskRoutes of [new Map<string | RegExp, string | { queue: string }>(pairs), pairs]) {
      const queueOf = (name: string) => route({ taskRoutes }, name).routingKey;
      expect(queueOf('video.cut')).toBe('media');
      expect(queueOf('video.cut')).toBe('media');
      expect(queueOf('image.slow')).toBe('media');
      expect(queueOf('shop.slow')).toBe('slow');
      expect(queueOf('video.exact')).toBe('exact');
      expect(queueOf('my.video.cut')).toBe('celery');
    }
  });

  it('asks routers in order until one answers', () => {
    const asked: unknown[] = [];
    const first: RouteFunction = (...call) => {
      asked.push(call);
      return call[1][0] === 'big' ? { queue: 'big' } : null;
    };
    const taskRoutes = [first, { 'mail.send': 'mail' }, () => 'rest'];

    expect(route({ taskRoutes }, 'mail.send', { priority: 1 }, ['big']).routingKey).toBe('big');
    expect(route({ taskRoutes }, 'mail.send').routingKey).toBe('mail');
    expect(route({ taskRoutes }, 'other').routingKey).toBe('rest');
    expect(asked[0]).toEqual(['mail.send', ['big'], {}, { priority: 1 }, undefined]);
  });

  it('hands the task to a function', () => {
    const config = producerConfig({ taskRoutes: (_name, _args, _kwargs, _options, task) => task?.source });
    const task = aTask('mail.send');
    const { target } = new Router(config.taskRoutes, new QueueTable(config)).route(
      { name: 'mail.send', args: [], kwargs: {}, task },
      {},
    );
    expect(target.routingKey).toBe('mail.send');
  });

  it('what the call says wins over its route, option by option', () => {
    const taskRoutes: TaskRoutes = {
      a: { queue: 'mail', priority: 3, serializer: 'yaml', compression: 'gzip' },
    };
    expect(route({ taskRoutes }, 'a', { queue: 'own', serializer: 'json' })).toMatchObject({
      routingKey: 'own',
      priority: 3,
      serializer: 'json',
      compression: 'gzip',
    });
    expect(route({ taskRoutes }, 'a', { priority: 0 }).priority).toBe(0);
  });
});

describe('which exchange and key', () => {
  it.each<[string, CallOptions, string, string]>([
    ['nothing said: the default exchange, the default queue', {}, '', 'celery'],
    ['a queue on a direct exchange', { queue: 'mail' }, '', 'mail'],
    ['a queue that is made', { queue: 'new' }, '', 'new'],
    ['a direct exchange without a key', { exchange: 'x' }, '', 'celery'],
    ['a key without an exchange, direct', { routingKey: 'k' }, '', 'celery'],
    ['a topic queue: its exchange and key', { queue: 'media' }, 'media', 'media.#'],
    ['a topic queue with a key', { queue: 'media', routingKey: 'media.video' }, 'media', 'media.video'],
    ['a headers queue', { queue: 'h' }, 'h', 'h'],
    ['a broadcast', { queue: 'news' }, 'news', 'celery'],
    ['both given: exactly there', { exchange: 'x', routingKey: 'k' }, 'x', 'k'],
    ['both given beside a queue', { queue: 'mail', exchange: 'x', routingKey: 'k' }, 'x', 'k'],
  ])('%s', (_what, options, exchange, routingKey) => {
    expect(route(media, 'a', options)).toMatchObject({ exchange, routingKey });
  });

  it("lays a route's key on the call's queue", () => {
    const options = { ...media, taskRoutes: { a: { queue: 'mail', routingKey: 'media.low' } } };
    expect(route(options, 'a', { queue: 'media' })).toMatchObject({
      exchange: 'media',
      routingKey: 'media.low',
    });
  });

  it('has the queue declared, but a broadcast never', () => {
    expect(route(media, 'a', { queue: 'mail' }).target.queue?.name).toBe('mail');
    expect(route(media, 'a', { queue: 'news' }).target).not.toHaveProperty('queue');
    expect(route(media, 'a', { exchange: 'x', routingKey: 'k' }).target).toEqual({
      exchange: 'x',
      routingKey: 'k',
    });
  });

  it('says of a known exchange what it is', () => {
    expect(route(media, 'a', { queue: 'news' }).target.exchangeDeclaration?.type).toBe('fanout');
    expect(route(media, 'a', { exchange: 'media', routingKey: 'k' }).target.exchangeDeclaration?.type).toBe(
      'topic',
    );
  });
});

describe('taskRoutes', () => {
  it.each<[unknown, string]>([
    [3, 'celery.taskRoutes: expected an object, a Map, a list or a function, got 3'],
    [[3], 'celery.taskRoutes[0]: expected an object'],
    [{ a: { que: 'b' } }, 'celery.taskRoutes[a].que: unknown option. Did you mean queue?'],
    [{ a: 3 }, 'celery.taskRoutes[a]: expected an object of options, got 3'],
    [{ a: '' }, 'celery.taskRoutes[a]: expected a non-empty string'],
    [
      [{ 'm.*': { priority: 300 } }],
      'celery.taskRoutes[0][m.*].priority: expected an integer, 0 to 255, got 300',
    ],
    [
      [
        ['a', 'b'],
        [3, 'c'],
      ],
      'celery.taskRoutes[0]: expected [name or pattern, route]',
    ],
  ])('refuses %j', (taskRoutes, message) => {
    expect(() => producerConfig({ taskRoutes: taskRoutes as never })).toThrow(message);
  });

  it('names a function that answers with nonsense, and the task', () => {
    expect(() => route({ taskRoutes: [() => ({ que: 'b' }) as never] }, 'mail.send')).toThrow(
      'celery.taskRoutes[0](mail.send).que: unknown option. Did you mean queue?',
    );
  });
});
