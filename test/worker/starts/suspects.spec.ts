import { expect, it } from 'vitest';
import type { Delivery } from '../../../lib/broker/broker.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { readTaskOptions } from '../../../lib/task/read-task-options.js';
import type { TaskOptions } from '../../../lib/task/task.options.js';
import { PoisonPill } from '../../../lib/task/task.signals.js';
import type { Outcome } from '../../../lib/worker/outcome.js';
import { Request } from '../../../lib/worker/request.js';
import { memoryStartStore } from '../../../lib/worker/starts/memory.start-store.js';
import { Suspects } from '../../../lib/worker/starts/suspects.js';
import { taskDefaults } from '../../task/defaults.js';
import { aTaskMessage } from '../a-task-message.js';

const DIED: Outcome = { kind: 'workerLost', error: new Error('exit code 1') };
const DONE: Outcome = { kind: 'succeeded', value: 1, runtimeMs: 1 };

const cameBack = (id = 'an-id', wish: Partial<Delivery> & TaskOptions = {}): Request => {
  const { redelivered = true, acksLate = true } = wish;
  const delivery = { redelivered, lost: new AbortController().signal, isLost: false } as Delivery;
  const config = readTaskOptions({ acksLate, rejectOnWorkerLost: true, name: 'a.task' }, taskDefaults());
  return new Request(delivery, aTaskMessage({ id }), { name: 'a.task', config } as Request['definition']);
};

const openSuspects = (most = 5) => {
  const store = memoryStartStore({});
  const suspects = new Suspects({ store, most, log: silentLog });
  /** Its worker dies over it: nobody hears of its end. */
  const die = async (id: string, times: number): Promise<void> => {
    const other = new Suspects({ store, most: 100, log: silentLog });
    for (let time = 0; time < times; time += 1) {
      const request = cameBack(id);
      await other.begin(request, false);
      other.ended(request, DIED);
    }
  };
  return { store, suspects, die };
};

it('only what came back and is acknowledged late can have killed its worker', () => {
  const { suspects } = openSuspects();
  expect(suspects.covers(cameBack())).toBe(true);
  expect(suspects.covers(cameBack('an-id', { redelivered: false }))).toBe(false);
  expect(suspects.covers(cameBack('an-id', { acksLate: false }))).toBe(false);
  expect(openSuspects(0).suspects.covers(cameBack())).toBe(false);
  expect(new Suspects({ store: undefined, most: 5, log: silentLog }).covers(cameBack())).toBe(false);
});

it('what was begun five times and never ended is begun no more', async () => {
  const { suspects } = openSuspects();
  const ends: (Outcome | undefined)[] = [];
  for (let start = 2; start <= 6; start += 1) {
    const request = cameBack();
    ends.push(await suspects.begin(request, false));
    suspects.ended(request, DIED);
  }
  expect(ends.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
  expect(ends[4]).toMatchObject({ kind: 'failed', error: new PoisonPill(5) });
});

it('what ends, or is given back, begins anew', async () => {
  const { store, suspects, die } = openSuspects();
  for (const end of [
    DONE,
    { kind: 'interrupted' },
    { kind: 'rejected', reason: '', requeue: true },
  ] as const) {
    await die('an-id', 3);
    const request = cameBack();
    expect(await suspects.begin(request, false)).toBeUndefined();
    suspects.ended(request, end);
    expect(await store.startsOf('an-id')).toBe(0);
  }
});

it('of those that came back twice one runs at a time', async () => {
  const { store, suspects, die } = openSuspects();
  const ids = ['one', 'two', 'three'];
  for (const id of ids) await die(id, 1);
  const [one, two, three] = ids.map((id) => cameBack(id));
  if (one === undefined || two === undefined || three === undefined) throw new Error('no requests');
  const begun: string[] = [];
  const begin = async (request: Request): Promise<void> => {
    await suspects.begin(request, false);
    begun.push(request.id);
  };
  const all = Promise.all([begin(one), begin(two), begin(three)]);
  await expect.poll(() => begun).toEqual(['one']);
  expect(await store.startsOf('two')).toBe(1);
  suspects.ended(one, DONE);
  await expect.poll(() => begun).toEqual(['one', 'two']);
  suspects.ended(two, undefined);
  await all;
  expect(begun).toEqual(ids);
});

it('one of a batch waits for nobody', async () => {
  const { suspects, die } = openSuspects();
  await die('one', 1);
  await die('two', 1);
  expect(await suspects.begin(cameBack('one'), true)).toBeUndefined();
  expect(await suspects.begin(cameBack('two'), true)).toBeUndefined();
});

it('runs what it cannot count', async () => {
  const store = {
    startsOf: () => Promise.reject(new Error('away')),
    begun: () => Promise.reject(new Error('away')),
    forget: () => Promise.reject(new Error('away')),
  };
  const lines: string[] = [];
  const log = { ...silentLog, warn: (line: string) => void lines.push(line) };
  const suspects = new Suspects({ store, most: 5, log });
  expect(await suspects.begin(cameBack(), false)).toBeUndefined();
  expect(lines).toEqual(["The starts of math.add[an-id] could not be counted: Error('away')"]);
});
