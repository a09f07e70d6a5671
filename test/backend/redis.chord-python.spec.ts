import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { aChord, claimed } from '../conformance/chord-store.conformance.js';
import { startRedis } from '../support/redis.js';
import { aRedisChordWorld } from './redis.chord-world.js';

const LONG_MS = 90_000;
const SCRIPT = join(import.meta.dirname, 'chord-parts.py');

type PythonPart = readonly [id: string, index: number, state: string, result: unknown];

async function aMixedWorld() {
  const server = await startRedis();
  const w = await aRedisChordWorld(server.url, {}, '');
  return {
    ...w,
    /** A Python worker counts these parts. */
    pythonCounts: async (groupId: string, parts: readonly PythonPart[]) => {
      const args = [SCRIPT, server.url, groupId, JSON.stringify(parts)];
      await promisify(execFile)('/usr/bin/python3', args);
    },
    [Symbol.asyncDispose]: async () => {
      await w[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

const VALUES = [3, 1.5, null, true, 'a: "ä", 😀\n', [1, [2, {}]], { 'k:"': [null, 'x, y'], b: {} }];

describe('a chord whose parts Python workers count too', () => {
  it(
    'is complete with our last part',
    async () => {
      await using w = await aMixedWorld();
      const chord = aChord(w.store);
      await chord.open(4);
      await w.pythonCounts(chord.groupId, [
        [chord.idOf(3), 3, 'SUCCESS', { three: 3 }],
        [chord.idOf(1), 1, 'FAILURE', ['boom', 1]],
      ]);
      expect(await chord.count(3, { result: 'again' })).toEqual({ kind: 'repeated' });
      await chord.count(0);
      const { parts } = claimed(await chord.count(2));
      expect(parts.map(({ taskId }) => taskId)).toEqual([0, 1, 2, 3].map((index) => chord.idOf(index)));
      expect(parts[1]).toMatchObject({ state: 'FAILURE', result: { exc_type: 'ValueError' } });
      expect(parts[3]?.result).toEqual({ three: 3 });
    },
    LONG_MS,
  );

  it(
    'is complete with their last part, and what we kept of it goes',
    async () => {
      await using w = await aMixedWorld();
      const chord = aChord(w.store);
      await chord.open(3);
      await w.store.grow(chord.groupId, [chord.idOf(3)]);
      for (const index of [0, 1, 2]) await chord.count(index);
      await w.pythonCounts(chord.groupId, [[chord.idOf(3), 3, 'SUCCESS', 3]]);
      expect(await w.redis.exists(w.key(chord.groupId, '.s'))).toBe(0);
      await w.elapse(60_000);
      expect(await w.store.abandoned(10, [])).toEqual([]);
      expect(await w.kept(chord.groupId)).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'has a part once that was counted by us and by them',
    async () => {
      await using w = await aMixedWorld();
      const chord = aChord(w.store);
      await chord.open(VALUES.length + 1);
      for (const [index, result] of VALUES.entries()) await chord.count(index, { result });
      await w.pythonCounts(
        chord.groupId,
        VALUES.map((result, index) => [chord.idOf(index), index, 'SUCCESS', result]),
      );
      expect(await w.redis.zcard(w.key(chord.groupId, '.j'))).toBe(VALUES.length);
      const { parts } = claimed(await chord.count(VALUES.length, { result: 'last' }));
      expect(parts.map(({ result }) => result)).toEqual([...VALUES, 'last']);
    },
    LONG_MS,
  );

  it(
    'is not fired by them while we finish it',
    async () => {
      await using w = await aMixedWorld();
      const chord = aChord(w.store);
      await chord.open(1);
      const claim = claimed(await chord.count(0, { result: 0 }));
      await w.pythonCounts(chord.groupId, [[chord.idOf(0), 0, 'SUCCESS', 0]]);
      await w.store.release(claim);
      const again = claimed(await chord.count(0));
      expect(again.parts).toEqual(claim.parts);
      await w.store.close(again);
      expect(await w.kept(chord.groupId)).toEqual([]);
    },
    LONG_MS,
  );
});
