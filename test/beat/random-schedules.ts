import { cron, crontab, type Schedule } from '../../lib/beat/schedule.js';
import type { OraclePattern } from './oracle.js';

/** A small generator of numbers with a seed (mulberry32), so that a failure can be had again. */
export function seeded(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, pick: <T>(items: readonly T[]): T => items[below(items.length)] as T };
}
export type Random = ReturnType<typeof seeded>;

interface Field {
  readonly text: string;
  readonly values: ReadonlySet<number>;
}

/** A schedule as a user writes it, and what it means, worked out from how it was made. */
export interface RandomSchedule {
  readonly schedule: Schedule;
  readonly text: string;
  readonly pattern: OraclePattern;
}

/** Days and months near `nearMs` come up often, so that the schedule runs in a short stretch of time. */
export function randomSchedule(random: Random, nearMs: number): RandomSchedule {
  const unix = random.below(2) === 0;
  const date = new Date(nearMs + (random.below(6) - 3) * 86_400_000);
  const minute = random.pick([star(0, 59), star(0, 59), fieldOf(random, 0, 59), fieldOf(random, 0, 59)]);
  const hour = random.pick([star(0, 23), nightHours(random), nightHours(random), fieldOf(random, 0, 23)]);
  const day = random.pick([star(1, 31), star(1, 31), one(date.getUTCDate()), fieldOf(random, 1, 31)]);
  const month = random.pick([star(1, 12), star(1, 12), one(date.getUTCMonth() + 1), fieldOf(random, 1, 12)]);
  const weekday = random.pick([star(0, 6), star(0, 6), one(date.getUTCDay()), fieldOf(random, 0, 6)]);
  const text = [minute, hour, day, month, weekday].map((field) => field.text).join(' ');
  return {
    schedule: unix ? cron(text) : crontab(text),
    text: `${unix ? 'cron' : 'crontab'} ${text}`,
    pattern: {
      minutes: minute.values,
      hours: hour.values,
      daysOfMonth: day.values,
      months: month.values,
      weekdays: weekday.values,
      wildcardHour: hour.text.includes('*'),
      eitherDay: unix && day.text !== '*' && weekday.text !== '*',
    },
  };
}

const valuesBetween = (from: number, to: number, step = 1): number[] => {
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
};
const one = (value: number): Field => ({ text: String(value), values: new Set([value]) });
const star = (min: number, max: number): Field => ({ text: '*', values: new Set(valuesBetween(min, max)) });

/** Hours at which clocks change. */
const nightHours = (random: Random): Field => one(random.pick([0, 1, 1, 2, 2, 2, 3, 3, 23, 4]));

function fieldOf(random: Random, min: number, max: number): Field {
  const parts = valuesBetween(1, 1 + random.below(3)).map(() => partOf(random, min, max));
  return {
    text: parts.map((part) => part.text).join(','),
    values: new Set(parts.flatMap((part) => [...part.values])),
  };
}

function partOf(random: Random, min: number, max: number): Field {
  const from = min + random.below(max - min + 1);
  const to = from + random.below(max - from + 1);
  const step = 1 + random.below(Math.min(12, max - min));
  switch (random.below(4)) {
    case 0:
      return { text: `*/${step}`, values: new Set(valuesBetween(min, max, step)) };
    case 1:
      return { text: `${from}-${to}`, values: new Set(valuesBetween(from, to)) };
    case 2:
      return { text: `${from}-${to}/${step}`, values: new Set(valuesBetween(from, to, step)) };
    default:
      return one(from);
  }
}
