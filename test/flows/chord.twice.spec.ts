import { randomUUID } from 'node:crypto';
import { it } from 'vitest';
import { chordsWithPartsTwice } from './chord-twice.js';

/** `CHORDS=2000 npx vitest run --project unit test/flows/chord.twice.spec.ts` */
const CHORDS = Number(process.env['CHORDS'] ?? 200);

it(`${CHORDS} chords whose parts come twice each end once, in memory`, { timeout: 600_000 }, async () => {
  await chordsWithPartsTwice(CHORDS, { backend: `memory://${randomUUID()}` });
});
