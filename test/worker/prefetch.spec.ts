import { expect, it } from 'vitest';
import { prefetchOf } from '../../lib/worker/prefetch.js';

it.each([
  ['the multiplier times the slots', {}, 32],
  ['no limit', { multiplier: 0 }, 0],
  ['no limit for each queue', { multiplier: 0, queues: 3, perQueue: true }, 0],
  ['shared by the queues where each counts by itself', { queues: 2, perQueue: true }, 16],
  ['shared, and never more than the total', { queues: 3, perQueue: true }, 10],
  ['so that each queue alone can fill the pools', { queues: 9, perQueue: true }, 8],
  ['the total where all queues count together', { queues: 9 }, 32],
  ['the slots alone when disabled', { disabled: true }, 8],
  ['disabled, whatever the multiplier', { disabled: true, multiplier: 0, queues: 2, perQueue: true }, 8],
  ['without a queue yet', { queues: 0, perQueue: true }, 32],
])('the prefetch is %s', (_, wish, expected) => {
  const facts = { capacity: 8, multiplier: 4, disabled: false, queues: 1, perQueue: false };
  expect(prefetchOf({ ...facts, ...wish })).toBe(expected);
});
