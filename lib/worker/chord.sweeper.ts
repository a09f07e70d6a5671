import type { ChordStore } from '../backend/chord-store.js';
import type { Clock, Timer } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import type { Service } from '../runtime/service.js';
import { printable } from './printable.js';
import { errorText } from './task.log.js';
import type { WorkflowEnd } from './workflow.end.js';

export interface ChordSweeperDeps {
  readonly chords: ChordStore;
  readonly end: WorkflowEnd;
  readonly clock: Clock;
  readonly log: Log;
}

const EVERY_MS = 5_000;
/** Chords taken on at a time: their leases begin together. The others are for other workers, or for the next time. */
const AT_ONCE = 10;

/** Finishes chords that nobody else will: whose finisher has died, and whose parts will not come any more. */
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
    await this.#sweeping;
  }

  #later(): void {
    if (this.#stopped) return;
    this.#next = this.deps.clock.after(EVERY_MS, () => {
      this.#sweeping = this.#sweep().finally(() => this.#later());
    });
  }

  async #sweep(): Promise<void> {
    const { chords, end, log } = this.deps;
    try {
      for (const claim of await chords.abandoned(AT_ONCE)) {
        if (claim.missing > 0)
          log.error(`Chord ${printable(claim.groupId)}: ${claim.missing} of its tasks never ended.`);
        await end.takeOver(claim);
      }
    } catch (error) {
      log.warn(`Chords that others left could not be looked after now: ${printable(errorText(error))}`);
    }
  }
}
