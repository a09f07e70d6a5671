import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';

/** A flapping network has many reasons; the first few tell enough. */
const MOST_REASONS = 5;

/** One line when a broker is lost and one when it is back, however many connections and attempts there were. */
export class OutageLog {
  readonly #down = new Set<string>();
  readonly #reasons = new Set<string>();
  #sinceMs = 0;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  down(connection: string, what: 'lost' | 'unreachable', why: string): void {
    // OpenSSL's own words end with a line break.
    const reason = why.trim();
    const first = this.#down.size === 0;
    this.#down.add(connection);
    if (first) this.#sinceMs = this.clock.monotonicMs();
    if (this.#reasons.has(reason) || this.#reasons.size >= MOST_REASONS) return;
    this.#reasons.add(reason);
    if (first && what === 'lost')
      this.log.warn(`Connection to ${this.url} is lost: ${reason}. Reconnecting.`);
    else this.log.warn(`${this.url} cannot be reached: ${reason}. Trying again until it can.`);
  }

  up(connection: string): void {
    if (!this.#down.delete(connection) || this.#down.size > 0) return;
    this.#reasons.clear();
    const seconds = ((this.clock.monotonicMs() - this.#sinceMs) / 1000).toFixed(1);
    this.log.log(`Connected to ${this.url} again after ${seconds} s.`);
  }
}
