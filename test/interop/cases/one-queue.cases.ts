import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { ourSide, startOurWorker, type InteropWorld } from '../world.js';

const MANY = 200;
const LONG_MS = 60_000;

/** Workers of both kinds on one queue, and tasks that go from one kind to the other. */
export function sharedQueue(world: () => InteropWorld): void {
  describe('one queue, both kinds of worker', () => {
    it(
      `${MANY} tasks from both clients: each runs once, and each kind runs some`,
      async () => {
        const { client, python, lists, aList } = world();
        const into = aList();
        const numbers = Array.from({ length: MANY }, (_, index) => index);
        const ids = await Promise.all(
          numbers.map(async (number) => {
            const args = [number, into];
            const { id } = await (number % 2 === 0
              ? client.applyAsync('both.work', { args })
              : python.send('both.work', args));
            return id;
          }),
        );
        const marks = await lists.take(into, MANY);

        expect(marks.map(({ id }) => id).sort()).toEqual(ids.sort());
        expect(new Set(marks.map(({ by }) => by))).toEqual(new Set(['py', 'js']));
        expect(await lists.left(into)).toBe(0);
      },
      LONG_MS,
    );

    it('a task that Python retries goes on with us: same id and root, one retry more', async () => {
      const { client, queues } = world();
      const result = await client.applyAsync('both.hand_over', { args: [queues.js], queue: queues.py });
      expect(await result.get({ timeout: 20 })).toEqual(['js', result.id, 1, result.id]);
    });

    it('a task that we retry goes on with Python: same id and root, one retry more', async () => {
      const { python, queues } = world();
      const { id } = await python.send('both.hand_over', [queues.py], { options: { queue: queues.js } });
      expect(await python.get(id)).toMatchObject({ state: 'SUCCESS', value: ['py', id, 1, id] });
    });

    it('a Python worker serves the priorities we give, urgent ones first', async () => {
      const { client, python, node, queues, lists, aList, urls } = world();
      const into = aList();
      const urgent = queues.urgentPy;
      const [least, most] = byUrgency(urls.broker);
      for (const priority of [least, 5, most, least, 5, most]) {
        await client.applyAsync('both.work', { args: [priority, into], priority, queue: urgent });
      }
      await python.ask('consume', { queue: urgent, node });
      const served = (await lists.take(into, 6)).map(({ value }) => value);
      expect(served).toEqual([most, most, 5, 5, least, least]);
    });

    it('our worker serves the priorities Python gives, urgent ones first', async () => {
      const { python, queues, lists, aList, urls } = world();
      const into = aList();
      const urgent = queues.urgentJs;
      const [least, most] = byUrgency(urls.broker);
      for (const priority of [least, 5, most, least, 5, most]) {
        await python.send('both.work', [priority, into], { options: { priority, queue: urgent } });
      }
      await using _ours = await startOurWorker(ourSide(urls, queues), lists, [urgent], 1);
      const served = (await lists.take(into, 6)).map(({ value }) => value);
      expect(served).toEqual([most, most, 5, 5, least, least]);
    });

    it('nothing is left behind in any queue', async () => {
      const { python, queues } = world();
      const names = Object.values(queues);
      await eventually(async () => {
        const { depths } = await python.ask<{ depths: (number | null)[] }>('depths', { queues: names });
        return depths.every((depth) => depth === 0 || depth === null);
      });
    });
  });
}

/** Redis serves 0 first, RabbitMQ 9. */
const byUrgency = (broker: string): readonly [least: number, most: number] =>
  broker.startsWith('redis') ? [9, 0] : [0, 9];
