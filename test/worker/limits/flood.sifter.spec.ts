import { expect, it } from 'vitest';
import type { Sifted, WhenToPutAway } from '../../../lib/broker/broker.js';
import type { WireMessage } from '../../../lib/message/wire-message.js';
import { FloodSifter } from '../../../lib/worker/limits/flood.sifter.js';
import { parametersOf } from '../../../lib/task/parameters.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import { contentOf } from '../../message/open-content.js';
import { aMessage } from '../../support/a-message.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { taskDefaults } from '../../task/defaults.js';

const definition = {
  name: 'job',
  source: 'job',
  config: readTaskOptions({ name: 'job' }, taskDefaults()),
  parameters: parametersOf(() => undefined, { typing: false }),
};

/** A queue of so many messages of which some are behind a long line. */
async function flooded(isBehind: (index: number) => boolean, count: number, eta?: string) {
  const clock = new FakeClock();
  let waiting: WireMessage[] = Array.from({ length: count }, (_, index) =>
    aMessage({
      body: JSON.stringify([[index], {}, { callbacks: null, errbacks: null, chain: null, chord: null }]),
      headers: { task: 'job', id: `id-${index}`, ...(eta !== undefined && { eta }) },
    }),
  );
  const lined: string[] = [];
  const sifts: number[] = [];
  const sift = async (_queue: string, when: WhenToPutAway): Promise<Sifted> => {
    const looked = waiting.slice(0, 100);
    const dues = await when(looked);
    const put = looked.filter((_message, index) => dues[index] !== undefined);
    waiting = waiting.filter((message) => !put.includes(message));
    sifts.push(put.length);
    return {
      looked: looked.length,
      put: put.map((message) => ({ message, mark: String(message.headers['id']) })),
    };
  };
  const sifter = new FloodSifter({
    subscription: { sift },
    content: await contentOf(),
    tasks: { get: (name) => (name === 'job' ? definition : undefined) },
    limits: {
      lineOf: async ({ args }) =>
        isBehind(Number(args[0])) ? { waitMs: 1_000, lineUp: (mark) => void lined.push(mark) } : undefined,
    },
    isRevoked: ({ id }) => id === 'id-3',
    clock,
  });
  return { sifter, clock, lined, sifts, left: () => waiting.length };
}

const park = (sifter: FloodSifter, times: number): void => {
  for (let each = 0; each < times; each += 1) sifter.parked('jobs');
};

it('sifts when many are put away one by one, as long as most of those in front are such', async () => {
  const world = await flooded((index) => index < 350, 1_000);
  park(world.sifter, 20);
  await eventually(() => world.left() === 651);
  expect(world.lined).toHaveLength(349);
  // Not the one that was revoked: whoever takes it says so.
  expect(world.lined).not.toContain('id-3');
  expect(world.sifts).toEqual([99, 99, 99, 52, 0]);
});

it('puts away what is not due as well', async () => {
  const world = await flooded(() => false, 200, '2026-01-01T01:00:00Z');
  park(world.sifter, 20);
  await eventually(() => world.left() === 1);
  expect(world.lined).toEqual([]);
});

it('leaves a trickle alone', async () => {
  const world = await flooded(() => true, 100);
  for (let each = 0; each < 100; each += 1) {
    park(world.sifter, 10);
    await world.clock.advance(251);
  }
  expect(world.sifts).toEqual([]);
});

it('ends when it is stopped', async () => {
  const world = await flooded(() => true, 1_000);
  park(world.sifter, 20);
  world.sifter.stop();
  park(world.sifter, 100);
  await world.clock.advance(0);
  expect(world.sifts).toHaveLength(1);
});
