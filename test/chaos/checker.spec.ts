import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check } from './checker.js';
import { LedgerReader, openLedger, type Entry, type Step } from './ledger.js';
import { seeded } from './random.js';

const lived = (id: string, ...steps: readonly Step[]): Entry[] =>
  steps.map((step) => ({ step, id, pid: 1, atMs: 0 }));
const SENT = ['attempted', 'acknowledged'] as const;

describe('the checker of fault tests', () => {
  it('finds nothing wrong with tasks that were sent and ran once', () => {
    expect(
      check([...lived('a', ...SENT, 'started', 'ended'), ...lived('b', ...SENT, 'started', 'ended')]),
    ).toEqual({
      attempted: 2,
      acknowledged: 2,
      executed: 2,
      lost: [],
      stuck: [],
      duplicated: [],
      restarted: [],
      recovered: [],
      pending: [],
      denied: [],
      unexpected: [],
    });
  });

  it.each<[keyof ReturnType<typeof check>, readonly Step[]]>([
    ['lost', SENT],
    ['stuck', [...SENT, 'started']],
    ['stuck', [...SENT, 'started', 'started']],
    ['duplicated', [...SENT, 'started', 'ended', 'started']],
    ['duplicated', [...SENT, 'started', 'ended', 'started', 'ended']],
    ['duplicated', [...SENT, 'started', 'started', 'ended', 'ended']],
    ['restarted', [...SENT, 'started', 'started', 'ended']],
    ['recovered', ['attempted', 'uncertain', 'started', 'ended']],
    ['denied', ['attempted', 'refused', 'started', 'ended']],
    ['pending', ['attempted']],
    ['recovered', ['attempted', 'started', 'ended']],
    ['unexpected', ['started']],
  ])('calls a task %s that lived so: %j', (word, steps) => {
    expect(check(lived('a', ...steps))[word]).toEqual(['a']);
  });

  it.each(['refused', 'uncertain'] as const)('asks nothing of what was %s', (rejected) => {
    const verdict = check(lived('a', 'attempted', rejected));
    const none = { lost: [], stuck: [], recovered: [], pending: [], denied: [] };
    expect(verdict).toMatchObject({ attempted: 1, acknowledged: 0, ...none });
  });

  it('sees a run whose acknowledgement of the publish came after its start', () => {
    expect(check(lived('a', 'attempted', 'started', 'acknowledged', 'ended'))).toMatchObject({
      lost: [],
      recovered: [],
      executed: 1,
    });
  });
});

describe('a ledger', () => {
  it('gives back what was written, as it comes', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger');
    using reader = new LedgerReader(file);
    const note = openLedger(file);
    note('attempted', 'a');
    expect(reader.more().map(({ step, id, pid }) => [step, id, pid])).toEqual([
      ['attempted', 'a', process.pid],
    ]);
    expect(reader.more()).toEqual([]);
    note('started', 'a');
    expect(reader.more().map(({ step }) => step)).toEqual(['started']);
    expect(reader.entries).toHaveLength(2);
  });
});

describe('the choices of a seed', () => {
  const draws = (seed: number) => {
    const random = seeded(seed);
    return Array.from({ length: 20 }, () => random.fraction());
  };

  it('are the same each time, and others for another seed', () => {
    expect(draws(7)).toEqual(draws(7));
    expect(draws(7)).not.toEqual(draws(8));
  });

  it('stay within their bounds', () => {
    const random = seeded(1);
    const drawn = new Set(Array.from({ length: 1_000 }, () => random.between(3, 6)));
    expect(drawn).toEqual(new Set([3, 4, 5, 6]));
  });

  it('differ by branch, whatever was drawn elsewhere', () => {
    const [one, other] = [seeded(1), seeded(1)];
    one.fraction();
    expect(one.branch('x').fraction()).toBe(other.branch('x').fraction());
    expect(one.branch('x').fraction()).not.toBe(one.branch('y').fraction());
  });
});
