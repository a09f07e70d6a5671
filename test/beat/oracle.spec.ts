import { describe, expect, it } from 'vitest';
import { TimeZone } from '../../lib/beat/time-zone.js';
import { openTimetable } from '../../lib/beat/timetable.js';
import { changesOf, Clocks } from './oracle.js';
import { randomSchedule, seeded } from './random-schedules.js';

/** `BEAT_ORACLE=1000000 npx vitest run --project unit test/beat/oracle.spec.ts` is the long run. */
const COMPARISONS = Number(process.env['BEAT_ORACLE'] ?? 4_000);
const SEED = Number(process.env['BEAT_ORACLE_SEED'] ?? 1);

const DAY_MS = 86_400_000;
/** Two days to know what clocks showed before, five in which runs are looked for. */
const STRETCH_MS = 7 * DAY_MS;
const SCHEDULES_PER_STRETCH = 12;
const STARTS_PER_SCHEDULE = 12;

/** Where clocks do, or did, unusual things. */
const ODD = [
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Antarctica/Troll',
  'America/Santiago',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Asia/Tehran',
  'Asia/Gaza',
  'Africa/Cairo',
  'America/Scoresbysund',
  'Europe/Dublin',
  'Asia/Pyongyang',
  'America/Caracas',
  'Pacific/Kiritimati',
  'Europe/Volgograd',
  'America/Havana',
];

describe('the next run', () => {
  it(
    `is the one found minute by minute, ${COMPARISONS} times over the zones of the world`,
    async () => {
      const random = seeded(SEED);
      const zones = [...Intl.supportedValuesOf('timeZone'), 'UTC'];
      const changes = new Map<string, number[]>();
      const changesIn = (zone: string, from: number, to: number): number[] => {
        const key = `${zone} ${from}`;
        const known = changes.get(key) ?? changesOf(zone, from, to);
        changes.set(key, known);
        return known;
      };
      let compared = 0;
      /** Comparisons in which there was a run to find. */
      let ran = 0;
      const asked = new Set<string>();
      while (compared < COMPARISONS) {
        const zone = random.below(4) === 0 ? random.pick(ODD) : random.pick(zones);
        const historic = random.below(8) === 0;
        const [from, to] = historic ? [1970, 2020] : [2020, 2041];
        const around = changesIn(zone, from, to);
        const middleMs =
          around.length > 0 && random.below(4) > 0
            ? random.pick(around)
            : Date.UTC(from, 0, 1) + random.below((to - from) * 365) * DAY_MS;
        const startMs = middleMs - 4 * DAY_MS;
        const clocks = Clocks.over(zone, startMs, startMs + STRETCH_MS);
        if (clocks === undefined) continue;
        asked.add(zone);
        for (let count = 0; count < SCHEDULES_PER_STRETCH; count += 1) {
          const { schedule, text, pattern } = randomSchedule(random, middleMs);
          const runs = clocks.runs(pattern);
          const timetable = await openTimetable(
            schedule,
            { zone: TimeZone.of(zone, 'tz'), relative: false },
            text,
          ).catch(() => undefined);
          // A date such as 30 February: nothing ran.
          if (timetable === undefined) {
            expect(runs, text).toEqual([]);
            continue;
          }
          for (let start = 0; start < STARTS_PER_SCHEDULE; start += 1) {
            const afterMs = startMs + 2 * DAY_MS + random.below(STRETCH_MS - 2 * DAY_MS);
            const expected = runs.find((at) => at > afterMs);
            const found: number | undefined = timetable.next(afterMs);
            const seen: number | undefined =
              found !== undefined && found < startMs + STRETCH_MS ? found : undefined;
            compared += 1;
            if (expected !== undefined) ran += 1;
            if (seen === expected) continue;
            expect.fail(
              `${text} in ${zone} after ${iso(afterMs)}: expected ${iso(expected)}, got ${iso(found)} (seed ${SEED})`,
            );
          }
        }
      }
      if (COMPARISONS < 100_000) return;
      console.log(`${compared} comparisons (${ran} with a run) in ${asked.size} zones, 0 different`);
    },
    COMPARISONS < 100_000 ? 120_000 : 7_200_000,
  );
});

function iso(atMs: number | undefined): string {
  return atMs === undefined ? 'none' : new Date(atMs).toISOString();
}
