import { describe, expect, it } from 'vitest';
import type { AnySignature } from '../../lib/canvas/call.options.js';
import { ScheduleClient } from '../../lib/beat/schedule.client.js';
import type { EntryOptions } from '../../lib/beat/entry.options.js';
import { clocked } from '../../lib/beat/schedule.js';
import type { AsyncResult } from '../../lib/result/async-result.js';
import { beatWorld, every, START } from './world.js';

function clientWorld(declared: Record<string, EntryOptions> = {}) {
  const world = beatWorld();
  const calls: AnySignature[] = [];
  const client = new ScheduleClient({
    store: world.store,
    declared: new Map(Object.entries(declared)),
    defaults: { timezone: 'UTC', cronStartingDeadlineMs: undefined },
    send: async (call) => {
      calls.push(call);
      return { id: 'sent' } as AsyncResult<unknown>;
    },
    clock: world.clock,
  });
  return { ...world, client, calls };
}

const at = (time: string): Date => new Date(`2026-03-02T${time}Z`);

describe('the schedule client', () => {
  it('adds, changes and removes entries that a running beat heeds', async () => {
    const { client, clock, beat, times } = clientWorld();
    const running = beat();
    await running.start();
    await client.upsert('e', every('10s', { args: [1] }));
    await clock.advance(25_000);
    await client.upsert('e', every('20s'));
    await clock.advance(25_000);
    expect(times()).toEqual(['09:00:10', '09:00:20', '09:00:45']);
    expect(await client.remove('e')).toBe(true);
    expect(await client.remove('e')).toBe(false);
    await clock.advance(60_000);
    expect(times()).toHaveLength(3);
    await running.stop();
  });

  it('lists entries with what became of them and what is next', async () => {
    const { client, clock, beat } = clientWorld({ declared: every('0 12 * * *', { task: 'noon' }) });
    expect(await client.list()).toMatchObject([
      { name: 'declared', task: 'noon', origin: 'declared', enabled: true, nextRunAt: at('12:00:00') },
    ]);
    const running = beat({ declared: every('0 12 * * *', { task: 'noon' }) });
    await running.start();
    await client.upsert('a', every('10s', { catchUp: 'all' }));
    await client.upsert('off', every('1h', { enabled: false }));
    await clock.advance(35_000);
    const listed = await client.list();
    expect(listed.map(({ name }) => name)).toEqual(['a', 'declared', 'off']);
    expect(listed[0]).toMatchObject({
      task: 'a.b',
      origin: 'client',
      options: { catchUp: 'all', schedule: { kind: 'interval', every: '10s' } },
      totalRunCount: 3,
      skippedCount: 0,
      lastRunAt: at('09:00:30'),
      nextRunAt: at('09:00:40'),
      paused: false,
      problem: undefined,
    });
    expect(listed[2]).toMatchObject({ enabled: false, nextRunAt: undefined });
    await client.pauseAll();
    expect((await client.list()).every(({ paused }) => paused)).toBe(true);
    await client.resumeAll();
    await running.stop();
  });

  it('shows the next runs of entries and of options', async () => {
    const { client } = clientWorld({ nightly: every('0 3 * * *', { tz: 'Europe/Berlin' }) });
    expect(await client.next('nightly', 2)).toEqual([
      new Date('2026-03-03T02:00:00Z'),
      new Date('2026-03-04T02:00:00Z'),
    ]);
    expect(await client.next(every('90m'), 2)).toEqual([at('10:30:00'), at('12:00:00')]);
    expect(await client.next(every(clocked(at('10:00:00'))), 3)).toEqual([at('10:00:00')]);
    expect(await client.next(every(clocked(new Date(START.getTime() - 1))), 3)).toEqual([]);
  });

  it('runs an entry now, also one that is off', async () => {
    const { client, calls } = clientWorld({ nightly: every('0 3 * * *', { args: [7], enabled: false }) });
    expect((await client.runNow('nightly')).id).toBe('sent');
    expect(calls).toMatchObject([{ task: 'a.b', args: [7] }]);
  });

  it.each([
    [
      'upsert',
      (client: ScheduleClient) => client.upsert('nightly', every('1h')),
      'beatSchedule.nightly: is declared in code',
    ],
    [
      'upsert',
      (client: ScheduleClient) => client.upsert('x', every('61 * * * *')),
      'beatSchedule.x.schedule: ',
    ],
    ['upsert', (client: ScheduleClient) => client.upsert('', every('1h')), 'name: is empty'],
    [
      'runNow',
      (client: ScheduleClient) => client.runNow('nihgtly'),
      'beatSchedule.nihgtly: there is no such entry. Did you mean "nightly"?',
    ],
    ['next', (client: ScheduleClient) => client.next('other'), 'beatSchedule.other: there is no such entry.'],
  ] as const)('%s refuses what it cannot do', async (_what, act, message) => {
    const { client } = clientWorld({ nightly: every('0 3 * * *') });
    await expect(act(client)).rejects.toThrow(message);
  });

  it('keeps an entry of the code from being removed', async () => {
    const { client, beat, clock } = clientWorld();
    const running = beat({ nightly: every('0 3 * * *') });
    await running.start();
    await clock.advance(1);
    await expect(client.remove('nightly')).rejects.toThrow('Remove it there, or disable() it.');
    expect(await client.disable('nightly')).toBe(true);
    expect(await client.list()).toMatchObject([{ name: 'nightly', enabled: false }]);
    expect(await client.enable('nightly')).toBe(true);
    await running.stop();
  });

  it('lists an entry that cannot be read with its problem', async () => {
    const { client } = clientWorld({ bad: every('61 * * * *'), worse: every('1h', { args: [() => 1] }) });
    const listed = await client.list();
    expect(listed[0]?.problem).toContain('beatSchedule.bad.schedule: "61 * * * *" is not a cron string');
    expect(listed[1]?.problem).toBeDefined();
  });
});
