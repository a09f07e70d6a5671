import { describe, expect, it } from 'vitest';
import { readDefinition, writeDefinition } from '../../lib/beat/definition.js';
import { openEntry } from '../../lib/beat/entry.js';
import type { EntryOptions } from '../../lib/beat/entry.options.js';
import { crontab } from '../../lib/beat/schedule.js';

const DEFAULTS = { timezone: 'UTC', cronStartingDeadlineMs: undefined };
const open = (options: object) =>
  openEntry('nightly', { task: 'reports.build', schedule: 60, ...options }, DEFAULTS);

describe('an entry', () => {
  it("takes Celery's map", async () => {
    const entry = await open({
      schedule: crontab({ minute: 0, hour: 3 }),
      args: [1],
      kwargs: { y: 2 },
      options: { queue: 'bq', expires: 30, priority: 3, headers: { hh: 1 } },
    });
    expect(entry.call).toMatchObject({
      task: 'reports.build',
      args: [1],
      kwargs: { y: 2 },
      immutable: false,
    });
    expect(entry.call.options).toEqual({ queue: 'bq', expiresInMs: 30_000, priority: 3, headers: { hh: 1 } });
  });

  it('takes calling options beside the schedule, which win', async () => {
    const entry = await open({ queue: 'own', expires: '5m', options: { queue: 'bq', timeLimit: 10 } });
    expect(entry.call.options).toEqual({ queue: 'own', expiresInMs: 300_000, timeLimitSeconds: 10 });
  });

  it.each([
    [60, { kind: 'interval', every: 60 }],
    ['30s', { kind: 'interval', every: '30s' }],
    ['0 3 * * *', { kind: 'cron', expression: '0 3 * * *' }],
    ['@daily', { kind: 'cron', expression: '@daily' }],
    [crontab({ hour: 3 }), crontab({ hour: 3 })],
  ])('reads the schedule %j', async (schedule, expected) => {
    expect((await open({ schedule })).schedule).toEqual(expected);
  });

  it.each([
    [{ sechdule: 1 }, 'beatSchedule.nightly.sechdule: unknown option. Did you mean schedule?'],
    [{ task: '' }, 'beatSchedule.nightly.task: expected the name of a task'],
    [{ schedule: undefined }, 'beatSchedule.nightly.schedule: expected seconds, a duration'],
    [{ schedule: { minutes: 5 } }, 'beatSchedule.nightly.schedule: expected seconds, a duration'],
    [{ schedule: '61 * * * *' }, 'beatSchedule.nightly.schedule: "61 * * * *" is not a cron string'],
    [{ schedule: crontab({ minute: 77 }) }, 'beatSchedule.nightly.schedule.minute: 77: 77 is not between'],
    [{ schedule: 0 }, 'beatSchedule.nightly.schedule: an interval is 10 ms or longer'],
    [{ tz: 'Mars/Olympus' }, 'beatSchedule.nightly.tz: "Mars/Olympus" is not a time zone'],
    [{ args: 'x' }, 'beatSchedule.nightly.args: expected a list'],
    [{ kwargs: [1] }, 'beatSchedule.nightly.kwargs: expected an object'],
    [{ priority: -1 }, 'beatSchedule.nightly.options.priority: expected an integer'],
    [{ options: { quue: 'x' } }, 'beatSchedule.nightly.options.quue: unknown option. Did you mean queue?'],
    [{ options: { taskId: 'x' } }, 'beatSchedule.nightly.options.taskId: every run has one of its own'],
    [{ overlap: 'maybe' }, 'beatSchedule.nightly.overlap: expected one of allow, skip'],
    [{ catchUp: 'some' }, 'beatSchedule.nightly.catchUp: expected one of none, last, all'],
    [{ jitter: '-1s' }, 'beatSchedule.nightly.jitter: expected a duration of 0 or more'],
    [{ startAt: 'tomorrow' }, 'beatSchedule.nightly.startAt: expected a Date or ISO text with its offset'],
    [
      { startAt: '2026-02-01T00:00:00Z', endAt: '2026-01-01T00:00:00Z' },
      'beatSchedule.nightly.endAt: lies before startAt',
    ],
  ])('refuses %j by name', async (options, message) => {
    await expect(open(options)).rejects.toThrow(message);
  });
});

describe('the definition of an entry', () => {
  const options: EntryOptions = {
    task: 'reports.build',
    schedule: '0 3 * * *',
    args: [1, 'ü', new Date('2026-01-02T03:04:05.678Z'), 100000000000000000001n, Buffer.from([0, 255])],
    kwargs: { nested: { list: [null, true] } },
    startAt: new Date('2026-01-01T00:00:00Z'),
  };

  it('comes back from its document as it was', () => {
    const { document } = writeDefinition('nightly', options, DEFAULTS);
    expect(readDefinition(document)).toEqual({
      ...options,
      schedule: { kind: 'cron', expression: '0 3 * * *' },
    });
  });

  it('has a timing that only what moves its ticks changes', () => {
    const timing = (changes: Partial<EntryOptions>) =>
      writeDefinition('nightly', { ...options, ...changes }, DEFAULTS).timing;
    expect(timing({ args: [], queue: 'q', catchUp: 'all', tz: 'UTC' })).toBe(timing({}));
    for (const changes of [{ schedule: '0 4 * * *' }, { tz: 'Asia/Tokyo' }, { relative: true }] as const) {
      expect(timing(changes)).not.toBe(timing({}));
    }
  });

  it('of what has no form in JSON is refused by name', () => {
    const args = [{ run: () => undefined }];
    expect(() => writeDefinition('nightly', { ...options, args }, DEFAULTS)).toThrow(
      /^beatSchedule\.nightly\.args\[0\]/,
    );
  });
});
