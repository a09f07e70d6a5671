import type { ChordStore } from '../backend/chord-store.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { withDeadline } from '../runtime/deadline.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import { printable } from './printable.js';
import { errorText } from './task.log.js';
import type { WorkflowEnd } from './workflow.end.js';

export interface ChordSweeperDeps {
  readonly chords: ChordStore;
  readonly end: WorkflowEnd;
  /** Where it consumes, as `chordHome` says it. */
  readonly homes: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 5_000;
const STOP_LIMIT_MS = 500;
/** Chords taken on at a time. The others are for other workers, or for the next time. */
const AT_ONCE = 10;

/**
 * Finishes chords that nobody else will: whose finisher has died, and whose parts will not come any more. Those of other
 * applications, whose results are in the same place, are left to their own workers.
 */
export class ChordSweeper implements Service {
  readonly name = 'chord sweeper';
  #next: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly deps: ChordSweeperDeps) {}

  async start(): Promise<void> {
    this.#later();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#next?.cancel();
    const late = (): Error => new Error('the backend does not answer');
    // What it has taken on is taken on by others, once it is gone.
    await withDeadline(this.deps.clock, STOP_LIMIT_MS, this.#sweeping, late).catch(() => undefined);
  }

  #later(): void {
    if (this.#stopped) return;
    this.#next = this.deps.clock.after(EVERY_MS, () => {
      this.#sweeping = this.#sweep().finally(() => this.#later());
    });
  }

  async #sweep(): Promise<void> {
    const { chords, end, homes, log } = this.deps;
    try {
      const claims = await chords.abandoned(AT_ONCE, homes());
      for (const { groupId, missing } of claims)
        if (missing > 0) log.error(`Chord ${printable(groupId)}: ${missing} of its tasks never ended.`);
      const taken = await Promise.allSettled(claims.map((claim) => end.takeOver(claim)));
      for (const each of taken) if (each.status === 'rejected') throw each.reason;
    } catch (error) {
      log.warn(`Chords that others left could not be looked after now: ${printable(errorText(error))}`);
    }
  }
}
