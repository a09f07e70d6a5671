import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FileStore } from '../../lib/beat/file.store.js';
import type { Term } from '../../lib/beat/schedule.store.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { aDefinition, scheduleStoreConformance } from '../conformance/schedule-store.conformance.js';
import { recordingLog } from '../broker/recording-log.js';
import { FakeClock } from '../support/fake-clock.js';

const folder = mkdtempSync(join(tmpdir(), 'beat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const aPath = (): string => join(folder, `schedule-${(count += 1)}.jsonl`);

const clock = new FakeClock();
const storeAt = (path: string, log = silentLog): FileStore => new FileStore({ path, clock, log });

scheduleStoreConformance('file', {
  open: async (handles) => {
    const path = aPath();
    return Array.from({ length: handles }, () => storeAt(path));
  },
  advance: (ms) => clock.advance(ms),
});

/** Entries, moved in turn. */
async function aFile({ entries = 20, moves = 40 } = {}): Promise<string> {
  const path = aPath();
  const store = storeAt(path);
  await store.connect();
  for (let index = 0; index < entries; index += 1)
    await store.put(`e${index}`, aDefinition(), 'client', 1_000);
  const answer = await store.takeTerm('a', 600_000);
  if (answer.kind !== 'won') throw new Error('held');
  await moveOn(store, answer.term, entries, moves);
  await store.endTerm(answer.term);
  await store.close();
  return path;
}

async function moveOn(store: FileStore, term: Term, entries: number, moves: number): Promise<void> {
  for (let index = 0; index < moves; index += 1) {
    const name = `e${index % entries}`;
    const { revision = 0, state: from = '' } = (await store.readEntry(name)) ?? {};
    await store.move(term, { name, revision, controlRevision: 0, from, to: `s${index}`, pushes: [] });
  }
}

describe('the file of schedules', () => {
  it('may be read by nobody else', async () => {
    const path = await aFile();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('cut at any byte says what it said up to there, and can be written on', async () => {
    const path = await aFile({ entries: 4, moves: 5 });
    const whole = readFileSync(path);
    const cut = aPath();
    let before = 0;
    for (let size = 0; size <= whole.length; size += 1) {
      writeFileSync(cut, whole.subarray(0, size));
      const store = storeAt(cut);
      const { entries } = await store.read();
      expect(entries.length, `at ${size}`).toBeGreaterThanOrEqual(before);
      before = entries.length;
      if (size % 101 === 0) {
        await store.put('after', aDefinition(), 'client', 1);
        expect((await storeAt(cut).read()).entries).toHaveLength(entries.length + 1);
      }
    }
    expect(before).toBe(4);
  }, 30_000);

  it('is replaced when it has grown long, and cut after that falls back on the file before', async () => {
    const path = await aFile({ moves: 2_100 });
    const whole = await storeAt(path).read();
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(200);
    const size = statSync(path).size;
    for (const kept of [0, 1, 50, 500, Math.floor(size / 3)]) {
      const cut = aPath();
      copyFileSync(path, cut);
      copyFileSync(`${path}.bak`, `${cut}.bak`);
      truncateSync(cut, kept);
      const log = recordingLog();
      const { entries } = await storeAt(cut, log).read();
      expect(entries).toHaveLength(whole.entries.length);
      expect(log.lines.filter((line) => line.includes('is damaged'))).toHaveLength(1);
    }
  }, 30_000);

  it('leaves out lines that were damaged, with one warning', async () => {
    const path = await aFile();
    const lines = readFileSync(path, 'utf8').split('\n');
    lines[3] = lines[3]?.replace('client', 'cliemt') ?? '';
    writeFileSync(path, lines.join('\n'));
    const log = recordingLog();
    const store = storeAt(path, log);
    expect((await store.read()).entries).toHaveLength(19);
    await store.read();
    expect(log.lines.filter((line) => line.includes('damaged lines'))).toHaveLength(1);
  });

  it('where nothing can be written is refused by its path', async () => {
    const file = aPath();
    writeFileSync(file, '');
    await expect(storeAt(join(file, 'schedule')).connect()).rejects.toThrow(
      /^Schedule store file:.*schedule: cannot be used: .* Set beatStore/,
    );
  });

  it('is taken over from a process that died while it held the lock', async () => {
    const path = await aFile();
    writeFileSync(`${path}.lock`, '');
    utimesSync(`${path}.lock`, new Date(0), new Date(0));
    expect(await storeAt(path).remove('e1')).toBe(true);
  });
});
