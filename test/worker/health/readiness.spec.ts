import { describe, expect, it } from 'vitest';
import { healthOf, type ReadinessFacts } from '../../../lib/worker/health/readiness.js';

const WELL: ReadinessFacts = {
  state: 'running',
  url: 'redis://localhost:6379',
  connected: true,
  missing: [],
  pools: [
    { name: 'default', ready: 4 },
    { name: 'cpu', ready: 1 },
  ],
  probe: { agoMs: 2_000, limitMs: 15_000 },
};

describe('a worker', () => {
  it('is ready when it runs, is connected, consumes, can run a task, and a probe came back', () => {
    expect(healthOf(WELL)).toEqual({ ready: true, problems: [] });
    expect(healthOf({ ...WELL, probe: undefined })).toEqual({ ready: true, problems: [] });
    expect(healthOf({ ...WELL, probe: { agoMs: 15_000, limitMs: 15_000 } }).ready).toBe(true);
  });

  it.each<[string, Partial<ReadinessFacts>, string[]]>([
    ['is starting', { state: 'starting', missing: ['mail'] }, ['it is starting']],
    ['stops', { state: 'stopping' }, ['it is stopping']],
    ['has stopped', { state: 'stopped' }, ['it has stopped']],
    [
      'waits for its broker',
      { state: 'starting', connected: false },
      ['it is starting', 'it is not connected to redis://localhost:6379'],
    ],
    [
      'has lost its broker',
      { connected: false, missing: ['mail'] },
      ['it is not connected to redis://localhost:6379'],
    ],
    ['has lost a queue', { missing: ['mail'] }, ['queue "mail" is not consumed']],
    [
      'has a pool without children',
      { pools: [{ name: 'cpu', ready: 0 }] },
      ['no child of pool cpu is ready'],
    ],
    [
      'has heard of no probe',
      { probe: { agoMs: undefined, limitMs: 15_000 } },
      ['no probe message has come back yet'],
    ],
    [
      'has heard of no probe for too long',
      { probe: { agoMs: 15_600, limitMs: 15_000 } },
      ['the last probe message came back 16 s ago'],
    ],
  ])('that %s says so', (_, facts, problems) => {
    expect(healthOf({ ...WELL, ...facts })).toEqual({ ready: false, problems });
  });
});
