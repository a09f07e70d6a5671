import { CHORD_LEASE_MS, type ChordClaim, type ChordStore } from '../backend/chord-store.js';
import type { Clock, Timer } from '../runtime/clock.js';

const EVERY_MS = CHORD_LEASE_MS / 3;

/** Keeps a claim while its finisher works on it, however long a broker lets it wait. @returns what lets go of it */
export function keepClaim(claim: ChordClaim, chords: ChordStore, clock: Clock): () => void {
  let timer: Timer | undefined;
  const later = (): void => {
    timer = clock.after(EVERY_MS, () => {
      later();
      // A backend that is away gives the chord to nobody else either.
      chords.renew(claim).catch(() => undefined);
    });
  };
  later();
  return () => timer?.cancel();
}
