import { loadPeer } from '../runtime/peer.js';
import type { SolarEvent } from './schedule.js';

const DAY_MS = 86_400_000;
const DEGREE_MS = DAY_MS / 360;
/** Near the poles the sun may stay up, or down, for half a year. */
const SEARCH_DAYS = 400;

/** How an event is found: the sun's edge at the horizon, its centre at an altitude (degrees), or its highest point. */
type Search =
  | { readonly by: 'edge'; readonly direction: 1 | -1 }
  | { readonly by: 'altitude'; readonly direction: 1 | -1; readonly altitude: number }
  | { readonly by: 'transit' };

/** Celery's horizons. */
const SEARCHES: Readonly<Record<SolarEvent, Search>> = {
  dawn_astronomical: { by: 'altitude', direction: 1, altitude: -18 },
  dawn_nautical: { by: 'altitude', direction: 1, altitude: -12 },
  dawn_civil: { by: 'altitude', direction: 1, altitude: -6 },
  sunrise: { by: 'edge', direction: 1 },
  solar_noon: { by: 'transit' },
  sunset: { by: 'edge', direction: -1 },
  dusk_civil: { by: 'altitude', direction: -1, altitude: -6 },
  dusk_nautical: { by: 'altitude', direction: -1, altitude: -12 },
  dusk_astronomical: { by: 'altitude', direction: -1, altitude: -18 },
};

/**
 * The instants of an event of the sun, to the second. Each is worked out from the midnight before it (local mean time),
 * so that it is the same from wherever it is asked for, and in every process.
 * @throws MissingPackageError
 */
export async function openSolar(
  event: SolarEvent,
  latitude: number,
  longitude: number,
): Promise<(afterMs: number) => number | undefined> {
  const astronomy = await loadPeer('astronomy-engine', 'a solar schedule', () => import('astronomy-engine'));
  const { Body, Observer, SearchAltitude, SearchHourAngle, SearchRiseSet } = astronomy.default ?? astronomy;
  const observer = new Observer(latitude, longitude, 0);
  const search = SEARCHES[event];
  const found = new Map<number, number | undefined>();

  const eventOf = (day: number): number | undefined => {
    const midnight = new Date(day * DAY_MS - longitude * DEGREE_MS);
    const time = ((): { readonly date: Date } | null => {
      switch (search.by) {
        case 'edge':
          return SearchRiseSet(Body.Sun, observer, search.direction, midnight, 1);
        case 'altitude':
          return SearchAltitude(Body.Sun, observer, search.direction, midnight, 1, search.altitude);
        case 'transit':
          return SearchHourAngle(Body.Sun, observer, 0, midnight).time;
      }
    })();
    return time === null ? undefined : Math.round(time.date.getTime() / 1000) * 1000;
  };
  const remembered = (day: number): number | undefined => {
    if (!found.has(day)) {
      if (found.size > SEARCH_DAYS) found.clear();
      found.set(day, eventOf(day));
    }
    return found.get(day);
  };

  return (afterMs) => {
    const first = Math.floor((afterMs + longitude * DEGREE_MS) / DAY_MS);
    for (let day = first - 1; day <= first + SEARCH_DAYS; day += 1) {
      const at = remembered(day);
      if (at !== undefined && at > afterMs) return at;
    }
    return undefined;
  };
}
