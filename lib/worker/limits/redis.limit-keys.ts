import type { Wish } from './limit-store.js';

const RATE_PARTS = ['starts', 'turns'] as const;
const RUN_PARTS = ['runs', 'line', 'marks', 'pace'] as const;

/** The keys of one script call, each once: a flood is of few keys. */
export class LimitKeys {
  readonly #base: string;
  readonly #places = new Map<string, number>();
  readonly all: string[] = [];

  /**
   * All keys are in one slot of a Cluster: a prefix with a hash tag of its own names it, else ours does.
   * @param prefix before every key
   */
  constructor(prefix: string) {
    this.#base = `${prefix}nestjs-celery.{limits}.`;
  }

  /** Where the keys of its rate begin, from 1 as in Lua; `''`: it has none. */
  rateOf({ rate }: Wish): number | '' {
    return rate === undefined ? '' : this.#placeOf(RATE_PARTS, rate.key);
  }

  /** Where the keys of its limit on runs begin. */
  runsOf({ concurrency }: Wish): number | '' {
    return concurrency === undefined ? '' : this.#placeOf(RUN_PARTS, concurrency.key);
  }

  #placeOf(parts: readonly [string, ...string[]], key: string): number {
    const first = `${this.#base}${parts[0]}.${key}`;
    const known = this.#places.get(first);
    if (known !== undefined) return known;
    const place = this.all.push(first);
    for (const part of parts.slice(1)) this.all.push(`${this.#base}${part}.${key}`);
    this.#places.set(first, place);
    return place;
  }
}
