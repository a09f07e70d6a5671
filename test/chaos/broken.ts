import type { Damage } from './build.js';
import type { PlaceName } from './place.js';

/** A library that breaks one promise, and the test that has to say so. */
export interface BrokenLibrary {
  readonly name: string;
  readonly damages: readonly Damage[];
  readonly test: string;
  readonly variant: string;
  readonly on: PlaceName;
  /** One of what the test then finds broken. */
  readonly caught: RegExp;
}

export const BROKEN: readonly BrokenLibrary[] = [
  {
    name: 'acknowledges before the run, though late',
    damages: [
      {
        file: 'worker/attempts.js',
        find: 'if (definition.config.acksLate) {',
        replace: 'if (definition.config.acksLate) { await delivery.ack();',
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
        find: 'deliveries.map((delivery) => delivery.requeue()',
        replace: 'deliveries.map((delivery) => delivery.ack()',
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
    test: 'ALO-1',
    variant: 'early',
    on: 'RabbitMQ',
    caught: /^\d+ restarted: /,
  },
];
