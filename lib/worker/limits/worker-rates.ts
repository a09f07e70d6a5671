import type { Clock } from '../../runtime/clock.js';
import type { Request } from '../request.js';
import { newBucket, takeTurn, type RateBucket, type Turn } from './rate-bucket.js';

/** The rates that hold in this worker alone: a bucket for each task, as in Celery. */
export class WorkerRates {
  readonly #buckets = new Map<string, RateBucket>();
  /** Those whose start is kept for them. */
  readonly #kept = new WeakSet<Request>();

  constructor(
    private readonly clock: Clock,
    private readonly random: () => number,
  ) {}

  turnOf(request: Request, intervalMs: number, mayHold: boolean): Turn {
    if (this.#kept.delete(request)) return NOW;
    const { name } = request.definition;
    const known = this.#buckets.get(name);
    const { bucket, turn } = takeTurn(known?.intervalMs === intervalMs ? known : newBucket(intervalMs), {
      nowMs: this.clock.monotonicMs(),
      mayHold,
      random: this.random(),
    });
    this.#buckets.set(name, bucket);
    if (turn.turn === 'kept') this.#kept.add(request);
    return turn;
  }
}

const NOW: Turn = Object.freeze({ turn: 'now' });
