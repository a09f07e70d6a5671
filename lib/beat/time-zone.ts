import { InvalidOptionError } from '../errors.js';
import { describe } from '../runtime/options.js';

/** A stretch of time with one offset. Cut at arbitrary places too: neighbours may have the same offset. */
export interface Piece {
  /** UTC, ms since the epoch; included. */
  readonly fromMs: number;
  /** Not included. */
  readonly untilMs: number;
  /** Local time minus UTC. */
  readonly offsetMs: number;
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** No zone has gone to another offset and back within a day. */
const PROBE_MS = DAY_MS;
const BLOCK_MS = 128 * DAY_MS;

/** A zone of the IANA database in the version that Node carries. Works out its changes where they are asked for. */
export class TimeZone {
  static readonly #known = new Map<string, TimeZone>();

  /**
   * @param path names the option in the error
   * @throws InvalidOptionError for a name that Node does not know
   */
  static of(name: unknown, path: string): TimeZone {
    const key = typeof name === 'string' ? name : '';
    let zone = TimeZone.#known.get(key);
    if (zone === undefined) {
      zone = new TimeZone(key, path, name);
      TimeZone.#known.set(key, zone);
    }
    return zone;
  }

  /** Undefined for UTC, which needs none: it takes 10 ms to make, and every app has a zone. */
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #blocks = new Map<number, readonly Piece[]>();

  private constructor(
    readonly name: string,
    path: string,
    given: unknown,
  ) {
    if (name === 'UTC') return;
    try {
      if (name === '') throw new RangeError('empty');
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hour: 'numeric',
        hourCycle: 'h23',
        timeZoneName: 'longOffset',
      });
    } catch {
      throw new InvalidOptionError(
        path,
        `${describe(given)} is not a time zone. Write an IANA name: 'Europe/Berlin', 'America/New_York', 'UTC'.`,
      );
    }
  }

  /** The piece that an instant lies in. */
  pieceAt(utcMs: number): Piece {
    const number = Math.floor(utcMs / BLOCK_MS);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = this.#cut(number * BLOCK_MS, (number + 1) * BLOCK_MS);
      this.#blocks.set(number, block);
    }
    for (const piece of block) if (utcMs < piece.untilMs) return piece;
    throw new RangeError(`${utcMs} is no instant`);
  }

  offsetAt(utcMs: number): number {
    return this.pieceAt(utcMs).offsetMs;
  }

  #cut(startMs: number, endMs: number): Piece[] {
    const changes: number[] = [];
    for (let at = startMs; at < endMs; at += PROBE_MS) this.#findChanges(at, at + PROBE_MS, changes);
    const starts = [startMs, ...changes.filter((at) => at < endMs)];
    return starts.map((fromMs, index) => ({
      fromMs,
      untilMs: starts[index + 1] ?? endMs,
      offsetMs: this.#probe(fromMs),
    }));
  }

  /** Halves the stretch until each change is known to the second; whole seconds are as fine as the database goes. */
  #findChanges(lowMs: number, highMs: number, found: number[]): void {
    if (this.#probe(lowMs) === this.#probe(highMs)) return;
    if (highMs - lowMs <= SECOND_MS) {
      if (found.at(-1) !== highMs) found.push(highMs);
      return;
    }
    const middle = Math.floor((lowMs + highMs) / 2 / SECOND_MS) * SECOND_MS;
    this.#findChanges(lowMs, middle, found);
    this.#findChanges(middle, highMs, found);
  }

  #probe(utcMs: number): number {
    if (this.#format === undefined) return 0;
    const text = this.#format.format(utcMs);
    const [, sign, hours = 0, minutes = 0, seconds = 0] =
      /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
    const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND_MS;
    return sign === '-' ? -size : size;
  }
}
