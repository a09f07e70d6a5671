import type { Clock } from '../runtime/clock.js';
import type { NodeReply } from './reply.js';
import { isAddressed } from './addressed.js';
import type { Addressees } from './request.js';

/** For so long a full count of the workers holds. */
const HOLDS_MS = 30_000;

/** Which workers there are, as far as their replies tell: whoever asks again need not wait for more than these. */
export class Census {
  readonly #clock: Clock;
  #counted = new Set<string>();
  #countedMs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Everybody was asked, and had the whole time to answer. */
  counted(replies: readonly NodeReply[]): void {
    this.#counted = new Set(replies.map(({ hostname }) => hostname));
    this.#countedMs = this.#clock.monotonicMs();
  }

  /** A worker answered that may have come since. */
  heard(hostname: string): void {
    this.#counted.add(hostname);
  }

  /** Who will answer; undefined: not known, so wait. */
  expected(addressees: Addressees): ReadonlySet<string> | undefined {
    if (addressees.kind === 'named') return new Set(addressees.hostnames);
    if (this.#clock.monotonicMs() - this.#countedMs >= HOLDS_MS) return undefined;
    const expected = [...this.#counted].filter((hostname) => isAddressed(hostname, addressees));
    return expected.length === 0 ? undefined : new Set(expected);
  }
}
