import type { Damage } from './build.js';
import type { PlaceName } from './place.js';
import type { Tier } from './scenario.js';

/** A library that breaks one promise, and the test that has to say so. */
export interface BrokenLibrary {
  readonly name: string;
  readonly damages: readonly Damage[];
  readonly test: string;
  readonly variant: string;
  readonly on: PlaceName;
  /** Default short. */
  readonly tier?: Tier;
  /** One of what the test then finds broken. */
  readonly caught: RegExp;
}

export const BROKEN: readonly BrokenLibrary[] = [
  {
    name: 'acknowledges before the run, though late',
    damages: [
      {
        file: 'worker/attempts.js',
        find: 'if (!config.acksLate)',
        replace: 'if (config.acksLate) void request.delivery.ack(); if (!config.acksLate)',
      },
    ],
    test: 'ALO-1',
    variant: 'late',
    on: 'Redis',
    caught: /^\d+ (lost|stuck): /,
  },
  {
    name: 'a stop drops what waited',
    damages: [
      {
        file: 'worker/consumer.js',
        find: 'for (const delivery of deliveries)',
        replace: 'for (const delivery of deliveries) void delivery.ack(); for (const delivery of [])',
      },
    ],
    test: 'GS-1',
    variant: 'async',
    on: 'Redis',
    caught: /^\d+ lost: /,
  },
  {
    name: 'leases of dead workers are never looked at',
    damages: [
      {
        file: 'broker/redis/redis.sweeper.js',
        find: 'batch = await this.#sweepBatch();',
        replace: 'batch = 0;',
      },
    ],
    test: 'ALO-1',
    variant: 'late',
    on: 'Redis',
    caught: /^\d+ lost: /,
  },
  {
    name: 'early tasks start before their acknowledgement has left',
    damages: [
      {
        file: 'worker/attempts.js',
        find: 'await (delivery.ackFirst?.() ?? delivery.ack())',
        replace: 'await delivery.ack()',
      },
    ],
    test: 'AMO-3',
    variant: 'killed as they start',
    on: 'RabbitMQ',
    caught: /^\d+ restarted: /,
  },
  {
    name: 'messages are taken first and recorded as taken later',
    damages: [
      {
        file: 'broker/redis/redis.scripts.js',
        find: 'if #held > 0 then',
        replace: 'if false then',
      },
      {
        file: 'broker/redis/redis.claims.js',
        find: 'return this.#read(answer, queues, suffixes, first, askedAtMs);',
        replace: `const read = this.#read(answer, queues, suffixes, first, askedAtMs);
          await new Promise((resolve) => setTimeout(resolve, 200));
          for (const { tag, queue, raw } of read.claims) {
            const held = Buffer.concat([Buffer.from('['), raw, Buffer.from(suffixes[queues.indexOf(queue)])]);
            await link.run((client) => client.multi()
              .hset(keys.unacked, tag, held)
              .zadd(keys.unackedIndex, Date.now() / 1000, tag)
              .zadd(keys.leases, Date.now() + config.leaseTimeout, tag).exec());
          }
          return read;`,
      },
    ],
    test: 'ALO-1',
    variant: 'late',
    on: 'Redis',
    caught: /^\d+ lost: /,
  },
  {
    name: 'publishes resolve unconfirmed',
    damages: [
      {
        file: 'broker/amqp/amqp.publisher.js',
        find: 'this.#sent.add(posting);',
        replace: 'this.#sent.add(posting); this.#settle(posting, posting.resolve);',
      },
    ],
    // A kill of the broker finds it too, if it comes within a few milliseconds of a publish.
    test: 'PUB-3',
    variant: 'exchange without a binding',
    on: 'RabbitMQ',
    caught: /^\d+ of \d+ were not unroutable, but in the queue$/,
  },
  {
    name: 'parts of a chord are counted as often as they end',
    damages: [
      {
        file: 'backend/redis.chord-scripts.js',
        find: 'if idOf(other) == id then return 0 end',
        replace: '',
      },
      {
        file: 'backend/redis.chord-scripts.js',
        find: `redis.call('ZADD', parts, score, member)`,
        replace: `redis.call('ZADD', parts, score, member .. string.rep(' ', redis.call('ZCARD', parts)))`,
      },
      { file: 'backend/redis.chord-scripts.js', find: 'if not seen[id] then', replace: 'if true then' },
    ],
    test: 'ALO-4',
    variant: 'chord',
    on: 'Redis',
    caught: /^killed at chordCounted, .* gave \[1(,1)?\] instead of/,
  },
  {
    name: 'messages of dead workers go back in several commands',
    damages: [
      {
        file: 'broker/redis/redis.restore.js',
        find: 'const answer = await link.run((client) => runScript(client, RESTORE, ',
        replace: `const answer = [];
          const texts = [];
          for (const { tag, text, suffixBytes } of some) {
            const held = await link.run((client) => client.hgetBuffer(keys.unacked, tag));
            answer.push(held === null ? 0 : 1);
            texts.push(held === null ? undefined : (text ?? held.subarray(1, held.length - suffixBytes)));
            await link.run((client) => client.multi()
              .hdel(keys.unacked, tag).zrem(keys.unackedIndex, tag).zrem(keys.leases, tag).exec());
          }
          await new Promise((resolve) => setTimeout(resolve, 1_500));
          for (const [index, { list }] of some.entries())
            if (texts[index] !== undefined)
              await link.run((client) => client[end === 'front' ? 'rpush' : 'lpush'](list, texts[index]));
          if (limitMs === -1) await link.run((client) => runScript(client, RESTORE, `,
      },
    ],
    test: 'ALO-1',
    variant: 'late',
    on: 'Redis',
    tier: 'ci',
    caught: /^\d+ (lost|stuck): /,
  },
  {
    name: 'the lease of beats is kept by whoever asks',
    damages: [
      {
        file: 'beat/redis.store.scripts.js',
        find: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE'`,
        replace: `redis.call('PEXPIRE'`,
      },
      {
        file: 'beat/redis.store.scripts.js',
        find: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end`,
        replace: '',
      },
    ],
    test: 'BT-2',
    variant: 'SIGSTOP',
    on: 'Redis',
    caught: /^two beats lead at once$/,
  },
  {
    name: 'errors that nothing catches end the worker',
    damages: [
      {
        file: 'nest/escapes.js',
        find: `process.on('uncaughtException', caught);`,
        replace: '',
      },
    ],
    test: 'PP-4',
    variant: 'async',
    on: 'memory',
    caught: /^the process did not come to its end: /,
  },
];
