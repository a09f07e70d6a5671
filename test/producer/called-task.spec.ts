import { describe, expect, it } from 'vitest';
import type { Callee } from '../../lib/canvas/callee.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import { chunks } from '../../lib/canvas/chunks.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { map } from '../../lib/canvas/map.js';
import { starmap } from '../../lib/canvas/starmap.js';
import { aTask, openProducer } from './world.js';

const fetch: Callee<[string], string> = { name: 'web.fetch', si: () => signature('web.fetch') as never };
const items: [string][] = [['a'], ['b'], ['c']];
const mapped = map(fetch, ['a']);
const dict = { task: 'celery.chunks', args: [], kwargs: { ...mapped.kwargs, n: 1 }, options: {} };

describe('map, starmap and chunks', () => {
  it.each<[string, AnyCanvas, number]>([
    ['map', mapped, 1],
    ['starmap', starmap(fetch, items), 1],
    ['chunks', chunks(fetch, items, 2), 2],
    ["Python's chunks", signature({ ...dict, immutable: true }), 1],
  ])(
    '%s goes where calls of its task go: by a route, or by what the task says',
    async (_name, canvas, count) => {
      const routed = await openProducer({ options: { taskRoutes: { 'web.*': { queue: 'routed' } } } });
      await routed.producer.send(canvas);
      expect(routed.broker.published.map(({ target }) => target.routingKey)).toEqual(
        Array.from({ length: count }, () => 'routed'),
      );

      const told = await openProducer({ tasks: [aTask('web.fetch', { queue: 'told' })] });
      await told.producer.send(canvas);
      expect(told.broker.published[0]?.target.routingKey).toBe('told');
    },
  );

  it('goes where its caller says', async () => {
    const { producer, broker } = await openProducer({ tasks: [aTask('web.fetch', { queue: 'told' })] });
    await producer.send(mapped.set({ queue: 'given' }));
    expect(broker.only.target.routingKey).toBe('given');
  });

  it.each([{}, { task: 'web.fetch' }, { task: { task: 5 } }])(
    'is a call like any other without the dictionary of a task: %j',
    async (kwargs) => {
      const { producer, broker } = await openProducer({
        options: { taskRoutes: { 'web.*': { queue: 'routed' } } },
      });
      await producer.send(signature('celery.map', { kwargs }));
      expect(broker.only.target.routingKey).toBe('celery');
    },
  );
});
