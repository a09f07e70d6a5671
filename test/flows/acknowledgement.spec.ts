import { describe, expect, it } from 'vitest';
import { BackendUnavailableError } from '../../lib/errors.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { gate, startWorld } from './world.js';

describe('acknowledgement', () => {
  it('comes before the run by default', async () => {
    const door = gate();
    await using world = await startWorld({ tasks: { slow: () => door.opened } });
    await world.send('slow');
    await eventually(() => world.worker.status.running === 1);
    expect(world.broker.held.size).toBe(0);
    door.open();
  });

  it('comes after the result is stored with acksLate', async () => {
    const heldAtStore: number[] = [];
    await using world = await startWorld({ tasks: { safe: { acksLate: true, run: () => 1 } } });
    world.results.onStore = () => void heldAtStore.push(world.broker.held.size);
    await world.send('safe');
    await eventually(() => world.worker.status.processed === 1);
    expect(heldAtStore).toEqual([1]);
    expect(world.broker.held.size).toBe(0);
  });

  it('does not come when the result could not be stored: the task runs again', async () => {
    let runs = 0;
    await using world = await startWorld({ tasks: { safe: { acksLate: true, run: () => (runs += 1) } } });
    world.results.failure = () => new BackendUnavailableError('kept://');
    const id = await world.send('safe');
    await eventually(() => world.lines.some((line) => line.includes('goes back to its queue')));
    world.results.failure = undefined;
    await world.clock.advance(1_000);
    expect((await world.until(id, 'SUCCESS')).result).toBe(2);
  });

  it('of a task acknowledged early cannot be taken back: the loss is logged', async () => {
    await using world = await startWorld({ tasks: { fast: () => 1 } });
    world.results.failure = () => new BackendUnavailableError('kept://');
    const id = await world.send('fast');
    await eventually(() => world.worker.status.processed === 1);
    expect(
      world.lines.some((line) => line.startsWith(`error Task fast[${id}] could not store its result`)),
    ).toBe(true);
  });

  it('of a failure is a rejection when the task says so', async () => {
    await using world = await startWorld({
      tasks: {
        bad: {
          acksLate: true,
          acksOnFailureOrTimeout: false,
          run: () => {
            throw new Error('no');
          },
        },
      },
      producer: {
        taskQueues: [
          {
            name: 'celery',
            deadLetterExchange: '',
            deadLetterRoutingKey: 'celery.dead',
          },
        ],
      },
    });
    const { plainQueue } = await import('../../lib/broker/topology.js');
    await world.broker.declareQueue(plainQueue('celery.dead'));
    const id = await world.send('bad');
    await world.until(id, 'FAILURE');
    const [dead] = await world.take('celery.dead', 1);
    expect(dead?.message.headers['id']).toBe(id);
  });
});

describe('a lost connection', () => {
  it('gives a late-acknowledged task to another worker, and the first stores nothing of it', async () => {
    const clock = new FakeClock();
    const url = 'memory://lost-connection';
    const door = gate();
    const reasons: unknown[] = [];
    const first = await startWorld({
      url,
      clock,
      tasks: {
        slow: {
          acksLate: true,
          run: async (task) => {
            task.signal.addEventListener('abort', () => reasons.push(task.signal.reason));
            await door.opened;
            return 'first';
          },
        },
      },
    });
    const id = await first.send('slow');
    await eventually(() => first.worker.status.running === 1);

    await using second = await startWorld({
      url,
      clock,
      tasks: { slow: { acksLate: true, run: (task) => task.deliveryInfo.redelivered } },
    });
    await first.broker.close();

    expect((await second.until(id, 'SUCCESS')).result).toBe(true);
    expect(reasons).toMatchObject([{ code: 'DELIVERY_LOST' }]);
    door.open();
    await eventually(() => first.worker.status.processed === 1);
    expect(first.results.stored).toEqual([]);
    expect(first.lines.some((line) => line.includes('abandoned'))).toBe(true);
    await first[Symbol.asyncDispose]();
  });

  it('before an early acknowledgement means that it does not run', async () => {
    let runs = 0;
    await using world = await startWorld({
      tasks: { once: () => (runs += 1) },
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, key) {
            if (key === 'consume') {
              return (queues: never, options: { onDelivery: (delivery: object) => void }) =>
                target.consume(queues, {
                  ...(options as never as Parameters<typeof target.consume>[1]),
                  onDelivery: (delivery) =>
                    options.onDelivery(
                      new Proxy(delivery, {
                        get: (each, name) =>
                          name === 'ack'
                            ? () => Promise.resolve('lost')
                            : (Reflect.get(each, name, each) as unknown),
                      }),
                    ),
                });
            }
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    await world.send('once');
    await eventually(() => world.worker.status.processed === 1);
    expect(runs).toBe(0);
    expect(world.results.stored).toEqual([]);
  });
});
