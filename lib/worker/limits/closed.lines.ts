import type { Clock } from '../../runtime/clock.js';
import type { Answer, Wish } from './limit-store.js';
import { LONGEST_WAIT_MS } from './rate-bucket.js';

/** Lines that were found long a moment ago: whoever comes to one of them now has to wait as well. */
export class ClosedLines {
  readonly #untilMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  note({ rate, concurrency }: Wish, answer: Answer): void {
    if (answer.answer === 'go' || answer.waitMs < LONGEST_WAIT_MS / 2) return;
    const key = keyOf(answer.answer, answer.answer === 'rate' ? rate?.key : concurrency?.key);
    // In the order of their ends.
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.clock.monotonicMs() + CLOSED_MS);
    this.#forgetOld();
  }

  /** Which of its lines is long. */
  by({ rate, concurrency }: Wish): 'rate' | 'concurrency' | undefined {
    if (concurrency !== undefined && this.#isClosed(keyOf('concurrency', concurrency.key)))
      return 'concurrency';
    return rate !== undefined && this.#isClosed(keyOf('rate', rate.key)) ? 'rate' : undefined;
  }

  #isClosed(key: string): boolean {
    return (this.#untilMs.get(key) ?? 0) > this.clock.monotonicMs();
  }

  #forgetOld(): void {
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > this.clock.monotonicMs()) return;
      this.#untilMs.delete(key);
    }
  }
}

/** Until it is asked for again; one that is not long any more by then costs its messages a way round. */
const CLOSED_MS = 250;

function keyOf(kind: 'rate' | 'concurrency', key: string | undefined): string {
  return `${kind} ${key ?? ''}`;
}
