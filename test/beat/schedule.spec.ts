import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { readCrontabField } from '../../lib/beat/crontab.grammar.js';
import { clocked, cron, crontab, every, solar, type Schedule } from '../../lib/beat/schedule.js';
import { seeded } from './random-schedules.js';
import { TimeZone } from '../../lib/beat/time-zone.js';
import { openTimetable } from '../../lib/beat/timetable.js';

const RANGES = {
  minute: { min: 0, max: 59 },
  hour: { min: 0, max: 23 },
  day: { min: 1, max: 31 },
  month: { min: 1, max: 12 },
  weekday: { min: 0, max: 6 },
} as const;

const open = (schedule: Schedule, tz = 'UTC', relative = false) =>
  openTimetable(schedule, { zone: TimeZone.of(tz, 'tz'), relative }, 'schedule');

/** The first runs after an instant, in UTC. */
async function runs(
  schedule: Schedule,
  after: string,
  { tz = 'UTC', count = 1, relative = false } = {},
): Promise<string[]> {
  const timetable = await open(schedule, tz, relative);
  const found: string[] = [];
  let at: number | undefined = Date.parse(after);
  while (found.length < count) {
    at = timetable.next(at);
    if (at === undefined) break;
    found.push(new Date(at).toISOString().replace('.000Z', 'Z'));
  }
  return found;
}

describe("Celery's crontab grammar", () => {
  it.each([
    ['*/15', 'minute', [0, 15, 30, 45]],
    ['50-10', 'minute', [...Array(11).keys(), 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]],
    ['50-10/5', 'minute', [0, 5, 10, 50, 55]],
    ['1,15', 'minute', [1, 15]],
    ['8-17/3,20', 'hour', [8, 11, 14, 17, 20]],
    ['*/2', 'day', [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]],
    ['*/5', 'month', [1, 6, 11]],
    ['nov-feb', 'month', [1, 2, 11, 12]],
    ['January,jul', 'month', [1, 7]],
    ['sat-mon', 'weekday', [0, 1, 6]],
    ['MON-Friday', 'weekday', [1, 2, 3, 4, 5]],
    ['sunday', 'weekday', [0]],
    // Months are looked up first, and in any field.
    ['mon', 'minute', [1]],
    ['mar', 'weekday', [3]],
    [' 1 , 2-3 ', 'weekday', [1, 2, 3]],
    [7, 'hour', [7]],
    [[5, 1, 5], 'hour', [1, 5]],
  ] as const)('reads %j as a %s', (text, field, values) => {
    expect(readCrontabField(text, RANGES[field], 'f').values).toEqual(values);
  });

  it.each([
    ['5/10', 'minute', 'a step needs a range or a star: write 5-59/10'],
    ['*/0', 'minute', 'a step of 0 never moves'],
    ['60', 'minute', '60 is not between 0 and 59'],
    ['7', 'weekday', '7 is not between 0 and 6'],
    ['0', 'day', '0 is not between 1 and 31'],
    ['', 'minute', '"" is not one of *, N, N-N'],
    ['1,,2', 'minute', '"" is not one of'],
    ['-5', 'minute', '"-5" is not one of'],
    ['1-2-3', 'minute', '"1-2-3" is not one of'],
    ['blursday', 'weekday', '"blursday" is neither a number nor the name'],
    ['*/x', 'minute', '"*/x" is not one of'],
    [1.5, 'minute', '1.5 is not between'],
    [[], 'minute', 'expected a number, a list of numbers or text'],
  ] as const)('refuses %j as a %s', (text, field, reason) => {
    expect(() => readCrontabField(text, RANGES[field], 'schedule.f')).toThrow(reason);
    expect(() => readCrontabField(text, RANGES[field], 'schedule.f')).toThrow(/^schedule\.f: /);
  });
});

describe('a crontab', () => {
  it('needs all three date fields to match', async () => {
    expect(
      await runs(crontab({ minute: 0, hour: 0, dayOfMonth: 13, dayOfWeek: 'fri' }), '2026-01-01T00:00:00Z', {
        count: 3,
      }),
    ).toEqual(['2026-02-13T00:00:00Z', '2026-03-13T00:00:00Z', '2026-11-13T00:00:00Z']);
  });

  it('is read from text in the order of from_string', async () => {
    expect(crontab('0 3 1 nov mon')).toEqual(
      crontab({ minute: '0', hour: '3', dayOfMonth: '1', monthOfYear: 'nov', dayOfWeek: 'mon' }),
    );
    await expect(open(crontab('0 3 1 nov'))).rejects.toThrow('schedule.dayOfWeek: ""');
    await expect(open(crontab('0 3 1 nov mon 7'))).rejects.toThrow('schedule.dayOfWeek: "mon 7"');
  });

  it('finds 29 February over a century that has none', async () => {
    expect(await runs(crontab('0 0 29 2 *'), '2092-03-01T00:00:00Z', { count: 2 })).toEqual([
      '2096-02-29T00:00:00Z',
      '2104-02-29T00:00:00Z',
    ]);
  });

  it('that no date matches is refused', async () => {
    await expect(open(crontab('0 0 30 2 *'))).rejects.toThrow('schedule: no date of any year matches');
  });
});

describe('a cron string', () => {
  it.each([
    ['0 3 * * *', '2026-01-01T03:00:00Z', '2026-01-02T03:00:00Z'],
    ['@daily', '2026-01-01T03:00:00Z', '2026-01-02T00:00:00Z'],
    ['*/10 * * * * *', '2026-01-01T00:00:01.500Z', '2026-01-01T00:00:10Z'],
    // Sunday is 0 and 7.
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00:00Z'],
    // Either day field is enough, unless one is `*`.
    ['0 0 13 * fri', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'],
    ['0 0 13 * *', '2026-01-01T00:00:00Z', '2026-01-13T00:00:00Z'],
    ['0 0 L * *', '2026-02-01T00:00:00Z', '2026-02-28T00:00:00Z'],
    ['0 0 * * fri#L', '2026-01-01T00:00:00Z', '2026-01-30T00:00:00Z'],
    ['0 0 * * tue#2', '2026-01-01T00:00:00Z', '2026-01-13T00:00:00Z'],
    // 15 August 2026 is a Saturday, 1 August too, 31 May a Sunday.
    ['0 0 15W 8 *', '2026-01-01T00:00:00Z', '2026-08-14T00:00:00Z'],
    ['0 0 1W 8 *', '2026-01-01T00:00:00Z', '2026-08-03T00:00:00Z'],
    ['0 0 31W 5 *', '2026-01-01T00:00:00Z', '2026-05-29T00:00:00Z'],
    ['0 0 LW 5 *', '2026-01-01T00:00:00Z', '2026-05-29T00:00:00Z'],
  ])('%s runs after %s at %s', async (expression, after, at) => {
    expect(await runs(cron(expression), after)).toEqual([at]);
  });

  it.each(['', 'a b', '61 * * * *', '0 24 * * *', '* * * * * * *', '@reboot', '0 22-2 * * *'])(
    'refuses %j',
    async (expression) => {
      await expect(open(cron(expression))).rejects.toThrow(/^schedule: .* is not a cron string: /);
    },
  );
});

describe('the dates of a cron string', () => {
  it('are those of the library that reads it, where clocks never change', async () => {
    const random = seeded(7);
    const days = ['*', '*', '1', '31', 'L', 'LW', '1W', '15W', '31W', '10-12', '29,30', '*/9'];
    const weekdays = ['*', '*', '0', '7', 'mon-fri', 'fri#L', 'tue#2', '1#5', 'sat,sun', '*/2'];
    const months = ['*', '*', 'feb', '2,8', '11-12', '*/5'];
    for (let count = 0; count < 400; count += 1) {
      const join = random.below(4) === 0 ? '+' : '';
      const fields = [random.pick(days), random.pick(months), join + random.pick(weekdays)];
      const expression = `${random.below(60)} ${random.below(24)} ${fields.join(' ')}`;
      const after = new Date(Date.UTC(2020 + random.below(20), random.below(12), 1 + random.below(31)));
      const expected = new Cron(expression, { timezone: 'UTC', paused: true }).nextRuns(3, after);
      if (expected.length === 0) continue;
      expect(await runs(cron(expression), after.toISOString(), { count: 3 }), expression).toEqual(
        expected.map((at) => at.toISOString().replace('.000Z', 'Z')),
      );
    }
  });
});

describe('where clocks change', () => {
  const newYork = { tz: 'America/New_York', count: 3 };

  it.each([
    // 8 March 2026: 02:00 EST is 03:00 EDT, 07:00 UTC.
    [
      'a skipped time runs at the first instant after',
      '30 2 * * *',
      '2026-03-07T08:00:00Z',
      newYork,
      ['2026-03-08T07:00:00Z', '2026-03-09T06:30:00Z', '2026-03-10T06:30:00Z'],
    ],
    [
      'all that is skipped runs once',
      '*/15 2 * * *',
      '2026-03-08T06:59:00Z',
      newYork,
      ['2026-03-08T07:00:00Z', '2026-03-09T06:00:00Z', '2026-03-09T06:15:00Z'],
    ],
    [
      'hours with a star go on',
      '*/30 * * * *',
      '2026-03-08T06:00:00Z',
      newYork,
      ['2026-03-08T06:30:00Z', '2026-03-08T07:00:00Z', '2026-03-08T07:30:00Z'],
    ],
    // 1 November 2026: 02:00 EDT is 01:00 EST, 06:00 UTC.
    [
      'a repeated time runs the first time',
      '30 1 * * *',
      '2026-11-01T05:00:00Z',
      newYork,
      ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z', '2026-11-03T06:30:00Z'],
    ],
    [
      'also asked in the middle',
      '30 1 * * *',
      '2026-11-01T05:45:00Z',
      { ...newYork, count: 1 },
      ['2026-11-02T06:30:00Z'],
    ],
    [
      'a repeated time runs each time where hours have a star',
      '30 * * * *',
      '2026-11-01T05:00:00Z',
      newYork,
      ['2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z', '2026-11-01T07:30:00Z'],
    ],
    [
      'a range is no star',
      '30 0-23 * * *',
      '2026-11-01T05:00:00Z',
      newYork,
      ['2026-11-01T05:30:00Z', '2026-11-01T07:30:00Z', '2026-11-01T08:30:00Z'],
    ],
    // 4 October 2026: 02:00 is 02:30, at 15:30 UTC. 5 April 2026: 02:00 is 01:30.
    [
      'by half an hour, forward',
      '15 2 * * *',
      '2026-10-03T00:00:00Z',
      { tz: 'Australia/Lord_Howe', count: 2 },
      ['2026-10-03T15:30:00Z', '2026-10-04T15:15:00Z'],
    ],
    [
      'by half an hour, back',
      '45 1 * * *',
      '2026-04-04T00:00:00Z',
      { tz: 'Australia/Lord_Howe', count: 2 },
      ['2026-04-04T14:45:00Z', '2026-04-05T15:15:00Z'],
    ],
    [
      'a whole day is skipped',
      '0 12 * * *',
      '2011-12-29T23:00:00Z',
      { tz: 'Pacific/Apia', count: 2 },
      ['2011-12-30T10:00:00Z', '2011-12-30T22:00:00Z'],
    ],
    [
      'clocks without minutes',
      '0 0 1 1 *',
      '1970-06-01T00:00:00Z',
      { tz: 'Africa/Monrovia', count: 1 },
      ['1971-01-01T00:44:30Z'],
    ],
  ] as const)('%s', async (_what, expression, after, options, expected) => {
    expect(await runs(cron(expression), after, options)).toEqual(expected);
    expect(await runs(crontab(expression), after, options)).toEqual(expected);
  });

  it('an interval does not mind', async () => {
    expect(await runs(every('12h'), '2026-03-07T20:00:00Z', newYork)).toEqual([
      '2026-03-08T08:00:00Z',
      '2026-03-08T20:00:00Z',
      '2026-03-09T08:00:00Z',
    ]);
  });
});

describe('an interval', () => {
  it('is counted from the instant before', async () => {
    expect(await runs(every(90), '2026-01-01T00:00:10Z', { count: 2 })).toEqual([
      '2026-01-01T00:01:40Z',
      '2026-01-01T00:03:10Z',
    ]);
  });

  it.each([
    ['2h', '2026-01-01T13:10:20Z', 'UTC', ['2026-01-01T15:00:00Z', '2026-01-01T17:00:00Z']],
    ['90m', '2026-01-01T14:00:00Z', 'UTC', ['2026-01-01T15:00:00Z', '2026-01-01T16:00:00Z']],
    ['1d', '2026-01-01T14:00:00Z', 'Asia/Kolkata', ['2026-01-01T18:30:00Z', '2026-01-02T18:30:00Z']],
    ['1h', '2026-01-01T14:20:00Z', 'Asia/Kolkata', ['2026-01-01T14:30:00Z', '2026-01-01T15:30:00Z']],
    ['30s', '2026-01-01T14:20:10.400Z', 'UTC', ['2026-01-01T14:20:40Z', '2026-01-01T14:21:10Z']],
  ] as const)('relative, of %s, ends at round times', async (interval, after, tz, expected) => {
    expect(await runs(every(interval), after, { tz, count: 2, relative: true })).toEqual(expected);
  });

  it.each([[0], [-5], ['0ms'], ['soon'], [Number.NaN], [0.005]])('refuses %j', async (interval) => {
    await expect(open(every(interval as number))).rejects.toThrow(/^schedule: /);
  });
});

describe('a clocked schedule', () => {
  it('runs once', async () => {
    const schedule = clocked(new Date('2030-01-02T03:04:05Z'));
    expect(await runs(schedule, '2026-01-01T00:00:00Z', { count: 2 })).toEqual(['2030-01-02T03:04:05Z']);
    expect(await runs(clocked('2030-01-02T03:04:05+02:00'), '2026-01-01T00:00:00Z')).toEqual([
      '2030-01-02T01:04:05Z',
    ]);
  });

  it.each(['', 'tomorrow', '2030-01-02T03:04:05', new Date(Number.NaN)])('refuses %s', async (at) => {
    await expect(open(clocked(at))).rejects.toThrow('schedule: expected an instant');
  });
});

describe('a solar schedule', () => {
  it.each([
    // Almanac times at Greenwich, to the minute: 21 June 2026.
    ['sunrise', '2026-06-21T03:43'],
    ['solar_noon', '2026-06-21T12:02'],
    ['sunset', '2026-06-21T20:21'],
  ] as const)('%s over Greenwich', async (event, minute) => {
    const [at = ''] = await runs(solar(event, 51.4769, 0), '2026-06-21T00:00:00Z');
    expect(Math.abs(Date.parse(at) - Date.parse(`${minute}:30Z`))).toBeLessThan(60_000);
  });

  it('goes through a day in order, and comes again the next', async () => {
    const events = [
      'dawn_astronomical',
      'dawn_nautical',
      'dawn_civil',
      'sunrise',
      'solar_noon',
      'sunset',
      'dusk_civil',
      'dusk_nautical',
      'dusk_astronomical',
    ] as const;
    const days = await Promise.all(
      events.map((event) => runs(solar(event, -33.87, 151.21), '2026-03-19T14:00:00Z', { count: 2 })),
    );
    const firsts = days.map(([first = '']) => first);
    expect(firsts.toSorted()).toEqual(firsts);
    for (const [first = '', second = ''] of days) {
      expect(Math.abs(Date.parse(second) - Date.parse(first) - 86_400_000)).toBeLessThan(180_000);
    }
  });

  it('waits through the polar day', async () => {
    const [at = ''] = await runs(solar('sunset', 78.22, 15.65), '2026-05-01T00:00:00Z');
    expect(at.slice(0, 7)).toBe('2026-08');
  });

  it('is the same instant from wherever it is asked for', async () => {
    const timetable = await open(solar('dusk_civil', 60.17, 24.94));
    const at = timetable.next(Date.parse('2026-06-01T12:00:00Z')) ?? 0;
    for (const beforeMs of [1, 1_000, 3_600_000]) expect(timetable.next(at - beforeMs)).toBe(at);
  });

  it.each([
    [solar('midnight' as 'sunset', 0, 0), 'expected one of dawn_astronomical'],
    [solar('sunset', 91, 0), 'expected a latitude'],
    [solar('sunset', 0, 181), 'expected a latitude'],
  ])('refuses what is none', async (schedule, reason) => {
    await expect(open(schedule)).rejects.toThrow(`schedule: ${reason}`);
  });
});

describe('the last run before an instant', () => {
  const year = { from: Date.parse('2025-01-01T00:00:00Z'), until: Date.parse('2026-01-01T00:00:30Z') };

  it.each([
    [every('1s'), '2026-01-01T00:00:30Z'],
    [every('7m'), '2025-12-31T23:55:00Z'],
    [crontab('*/5 * * * *'), '2026-01-01T00:00:00Z'],
    [cron('30 3 * * mon'), '2025-12-29T03:30:00Z'],
    [clocked('2025-06-01T00:00:00Z'), '2025-06-01T00:00:00Z'],
  ])('%j', async (schedule, expected) => {
    const timetable = await open(schedule);
    const at = timetable.latest(year.from, year.until);
    expect(at === undefined ? at : new Date(at).toISOString().replace('.000Z', 'Z')).toBe(expected);
  });

  it('is none where there was none', async () => {
    const timetable = await open(crontab('0 0 1 1 *'));
    expect(timetable.latest(year.from, year.from + 1_000)).toBeUndefined();
    expect((await open(every('1h'))).latest(year.from, year.from + 3_599_999)).toBeUndefined();
  });
});

describe('a time zone', () => {
  it.each(['Mars/Olympus', '', 7, undefined])('%j is refused by name', (name) => {
    expect(() => TimeZone.of(name, 'beatSchedule.nightly.tz')).toThrow(/^beatSchedule\.nightly\.tz: /);
  });
});
