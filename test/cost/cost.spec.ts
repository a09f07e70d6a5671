import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { countCosts, dearer, type Baseline } from './costs.js';

const FILE = join(import.meta.dirname, 'baseline.json');
/** The library is compiled first, and runs without a compiler of its own. */
const LIMIT_MS = 300_000;

const baseline: Baseline = {
  node: 20,
  costs: { publish: { bytes: 8_000, promises: 10, timers: 0.01 } },
};
const counted = (counts: Readonly<Record<string, number>>, node = 20): Baseline => ({
  node,
  costs: { publish: counts },
});

it(
  'a task costs no more promises, timers, calls and bytes than it did: if it has to, npm run cost:baseline',
  async () => {
    const now = { node: Number(process.versions.node.split('.')[0]), costs: await countCosts() };
    if (process.env['COST_BASELINE'] === 'write') await writeFile(FILE, `${JSON.stringify(now, null, 2)}\n`);
    const then = JSON.parse(await readFile(FILE, 'utf8')) as Baseline;
    expect(Object.keys(now.costs)).toEqual(Object.keys(then.costs));
    expect(dearer(now, then)).toEqual([]);
  },
  LIMIT_MS,
);

it('one promise more for each task is seen', () => {
  expect(dearer(counted({ bytes: 8_000, promises: 11 }), baseline)).toEqual([
    'publish: 11.00 promises for each task, 10.00 before',
  ]);
});

it('a kind of thing that was not there before is seen', () => {
  expect(dearer(counted({ promises: 10, 'backend calls': 1 }), baseline)).toEqual([
    'publish: 1.00 backend calls for each task, 0.00 before',
  ]);
});

it('what the clock makes, and what is cheaper, is no offence', () => {
  expect(dearer(counted({ bytes: 7_000, promises: 10.01, timers: 0.05 }), baseline)).toEqual([]);
});

it('bytes are compared on the same release of Node only', () => {
  expect(dearer(counted({ bytes: 9_000 }), baseline)).toEqual([
    'publish: 9000 bytes for each task, 8000 before',
  ]);
  expect(dearer(counted({ bytes: 9_000 }, 22), baseline)).toEqual([]);
});
