import { ChordPartCodec } from '../../lib/backend/chord-part.codec.js';
import { MemoryChords, MemoryChordStore } from '../../lib/backend/memory.chord-store.js';
import { chordStoreConformance } from '../conformance/chord-store.conformance.js';
import { FakeClock } from '../support/fake-clock.js';
import { backendSettings } from './backend-settings.js';

const LOST_AFTER_MS = 3_600_000;

chordStoreConformance('memory', async () => {
  const clock = new FakeClock();
  const { content, serializer } = await backendSettings();
  const chords = new MemoryChords();
  const open = (): MemoryChordStore =>
    new MemoryChordStore(chords, new ChordPartCodec(content, serializer), clock, LOST_AFTER_MS);
  return {
    store: open(),
    other: open(),
    elapse: (ms) => clock.advance(ms),
    kept: async (groupId) => (chords.open.has(groupId) ? [groupId] : []),
    lostAfterMs: LOST_AFTER_MS,
    [Symbol.asyncDispose]: async () => undefined,
  };
});
