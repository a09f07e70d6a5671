import { describe, expect, it } from 'vitest';
import { whatIsDue, type Due, type DueQuestion } from '../../lib/beat/due.js';
import { openEntry } from '../../lib/beat/entry.js';
import type { EntryOptions } from '../../lib/beat/entry.options.js';
import { dueMs, tickId } from '../../lib/beat/tick.js';

const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);

async function due(options: Partial<EntryOptions>, question: Partial<DueQuestion>): Promise<Due> {
  const given = { task: 'a.b', schedule: '*/10 * * * *', ...options };
  const entry = await openEntry('e', given, { timezone: 'UTC', cronStartingDeadlineMs: undefined });
  return whatIsDue(entry, {
    cursorMs: at('09:00:00'),
    floorMs: 0,
    awakeSinceMs: 0,
    nowMs: at('09:05:00'),
    ...question,
  });
}

const send = (time: string): Due => ({ kind: 'send', instantMs: at(time) });
const giveUp = (time: string): Due => ({ kind: 'giveUp', throughMs: at(time) });
const wait = (time: string): Due => ({ kind: 'wait', untilMs: at(time) });

describe('what is due', () => {
  it('is waited for until its instant, and sent then', async () => {
    expect(await due({}, {})).toEqual(wait('09:10:00'));
    expect(await due({}, { nowMs: at('09:09:59.999') })).toEqual(wait('09:10:00'));
    expect(await due({}, { nowMs: at('09:10:00') })).toEqual(send('09:10:00'));
  });

  it('is nothing any more after the last run', async () => {
    const schedule = { kind: 'clocked', at: '2026-03-02T09:01:00Z' } as const;
    expect(await due({ schedule }, { cursorMs: 0 })).toEqual(send('09:01:00'));
    expect(await due({ schedule }, { cursorMs: at('09:01:00') })).toEqual({
      kind: 'wait',
      untilMs: undefined,
    });
  });

  // Ticks at 09:10 … 10:00 were missed between 09:00 and 10:05.
  const hourLater: Partial<DueQuestion> = { nowMs: at('10:05:00'), awakeSinceMs: at('10:05:00') };
  const justMissed: Partial<DueQuestion> = { nowMs: at('10:00:10'), awakeSinceMs: at('10:00:10') };
  const lateButAwake: Partial<DueQuestion> = { nowMs: at('10:00:10'), awakeSinceMs: at('08:00:00') };

  it.each([
    ['all', hourLater, send('09:10:00')],
    ['last', hourLater, send('10:00:00')],
    ['none', hourLater, giveUp('10:00:00')],
    ['none', justMissed, giveUp('10:00:00')],
    ['none', lateButAwake, send('10:00:00')],
    ['none', { nowMs: at('10:01:00') }, giveUp('10:00:00')],
  ] as const)('with catchUp %s, %o: %o', async (catchUp, question, expected) => {
    expect(await due({ catchUp }, question)).toEqual(expected);
  });

  it.each([
    ['all', giveUp('09:50:00')],
    ['last', send('10:00:00')],
  ] as const)('with catchUp %s and a deadline gives up what is older', async (catchUp, expected) => {
    expect(await due({ catchUp, startingDeadline: '10m' }, hourLater)).toEqual(expected);
  });

  it('is nothing of the time when it was switched off, and intervals keep their beat', async () => {
    const schedule = '7m';
    expect(
      await due({ schedule, catchUp: 'all' }, { floorMs: at('10:00:00'), nowMs: at('10:01:00') }),
    ).toEqual(wait('10:03:00'));
    expect(await due({ catchUp: 'all' }, { floorMs: at('10:00:00'), nowMs: at('10:01:00') })).toEqual(
      wait('10:10:00'),
    );
  });

  it('lies between start and end', async () => {
    expect(await due({ startAt: '2026-03-02T12:05:00Z' }, {})).toEqual(wait('12:10:00'));
    expect(await due({ schedule: '1h', startAt: '2026-03-02T12:05:00Z' }, {})).toEqual(wait('12:05:00'));
    expect(
      await due({ schedule: '1h', startAt: '2026-03-02T12:05:00Z' }, { cursorMs: at('12:05:00') }),
    ).toEqual(wait('13:05:00'));
    expect(await due({ endAt: '2026-03-02T09:09:00Z' }, {})).toEqual({ kind: 'wait', untilMs: undefined });
    expect(await due({ endAt: '2026-03-02T09:25:00Z' }, { nowMs: at('11:00:00') })).toEqual(send('09:20:00'));
  });

  it('comes later by its jitter, the same in every beat', async () => {
    const found = await due({ jitter: '5m' }, {});
    const expected = dueMs('e', at('09:10:00'), 300_000);
    expect(expected - at('09:10:00')).toBeGreaterThanOrEqual(0);
    expect(expected - at('09:10:00')).toBeLessThan(300_000);
    expect(found).toEqual({ kind: 'wait', untilMs: expected });
    expect(await due({ jitter: '5m' }, { nowMs: expected })).toEqual(send('09:10:00'));
    const parts = Array.from(
      { length: 1_000 },
      (_, index) => dueMs('e', index * 60_000, 1_000) - index * 60_000,
    );
    const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
    expect(mean).toBeGreaterThan(450);
    expect(mean).toBeLessThan(550);
  });

  it('finds the last of a million at once', async () => {
    const question = { cursorMs: at('09:00:00') - 30 * 86_400_000, nowMs: at('09:00:30') };
    expect(await due({ schedule: '1s' }, question)).toEqual(send('09:00:30'));
    expect(await due({ schedule: '* * * * *' }, question)).toEqual(send('09:00:00'));
  });
});

describe('the id of a tick', () => {
  it('is a UUID of version 5 that entry and instant decide', () => {
    const id = tickId('nightly', 0);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(tickId('nightly', 0)).toBe(id);
    expect(new Set([id, tickId('nightly', 1), tickId('nightly2', 0)]).size).toBe(3);
  });
});
