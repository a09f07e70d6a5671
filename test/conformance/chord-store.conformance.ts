import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  CHORD_LEASE_MS,
  type ChordClaim,
  type ChordCount,
  type ChordPart,
  type ChordStore,
} from '../../lib/backend/chord-store.js';
import type { SignatureDict } from '../../lib/message/signature.js';

export interface ChordStoreWorld {
  readonly store: ChordStore;
  /** A second one, of another process. */
  readonly other: ChordStore;
  /** Lets time go by, for everything that is kept. */
  readonly elapse: (ms: number) => Promise<void>;
  /** What is kept of a chord. */
  readonly kept: (groupId: string) => Promise<readonly string[]>;
  /** Deadline of a chord that nobody opened. */
  readonly lostAfterMs: number;
  [Symbol.asyncDispose](): Promise<void>;
}

const DAY_MS = 86_400_000;

export const BODY: SignatureDict = {
  task: 'sums.add',
  args: [1, 'ümläut'],
  kwargs: { big: 2n ** 70n, at: new Date('2026-11-21T04:05:36.329Z') },
  options: { task_id: 'the-body', link_error: [{ task: 'sums.failed', args: [] }] },
  subtask_type: null,
  immutable: false,
};

/** A chord, its parts named by their place. */
export function aChord(store: ChordStore, { groupId = randomUUID(), body = BODY, rootId = 'root' } = {}) {
  const partOf = (index: number, changes: Partial<ChordPart> = {}): ChordPart => ({
    groupId,
    taskId: `${groupId}-${index}`,
    groupIndex: index,
    body,
    rootId,
    state: 'SUCCESS',
    result: index,
    home: undefined,
    ...changes,
  });
  return {
    groupId,
    idOf: (index: number) => `${groupId}-${index}`,
    partOf,
    open: (size: number, lostAfterMs = DAY_MS) =>
      store.open({ groupId, size, end: { body, rootId }, lostAfterMs }),
    count: (index: number, changes: Partial<ChordPart> = {}) => store.count(partOf(index, changes)),
  };
}

export function claimed(count: ChordCount): ChordClaim {
  if (count.kind !== 'complete') throw new Error(`the part was ${count.kind}, the chord is not complete`);
  return count.claim;
}

const ofChord = (claims: readonly ChordClaim[], { groupId }: { groupId: string }): ChordClaim | undefined =>
  claims.find((claim) => claim.groupId === groupId);

/** What every chord store promises (lib/backend/chord-store.ts), written once. */
export function chordStoreConformance(name: string, open: () => Promise<ChordStoreWorld>): void {
  const failure = { exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' };

  describe(`${name} chord store`, () => {
    it('is complete with the last part, whose results stand in the order of the header', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(4);
      const counts = [await chord.count(2), await chord.count(3), await chord.count(0)];
      expect(counts).toEqual(counts.map(() => ({ kind: 'counted' })));
      const claim = claimed(await chord.count(1));
      expect(claim.parts).toEqual(
        [0, 1, 2, 3].map((index) => ({ taskId: chord.idOf(index), state: 'SUCCESS', result: index })),
      );
      expect(claim).toMatchObject({ groupId: chord.groupId, rootId: 'root', missing: 0 });
    });

    it('orders more than ten parts by their number, those without one last', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(13);
      await chord.count(12, { groupIndex: undefined });
      for (const index of [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) await chord.count(index);
      const { parts } = claimed(await chord.count(0));
      expect(parts.map(({ result }) => result)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    });

    it('gives back the body and the root as the sender gave them', async () => {
      await using w = await open();
      const chord = aChord(w.store, { rootId: 'the root' });
      await chord.open(1);
      const { body, rootId } = claimed(await chord.count(0));
      expect(body).toEqual(BODY);
      expect(rootId).toBe('the root');
    });

    it.each([
      ['null', null],
      ['nothing', undefined],
      ['text', 'ümläut 😀\u2028 "quoted", \\ [1, 2]: x'],
      ['nested data', { list: [1, [2, { three: [] }]], empty: {}, 'a "key": x': null }],
      ['an integer beyond 2^53', 100000000000000000001n],
      ['NaN', Number.NaN],
      ['a date', new Date('2026-11-21T04:05:36.329Z')],
      ['bytes', Buffer.from([0, 255, 254])],
      ['a large value', 'x'.repeat(300_000)],
    ])('gives back %s as it was counted', async (_what, result) => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const { parts } = claimed(await chord.count(0, { result }));
      expect(parts[0]?.result).toEqual(result ?? null);
    });

    it('gives back what a failed or revoked part failed with', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.count(0, { state: 'FAILURE', result: failure });
      const revoked = { ...failure, exc_type: 'TaskRevokedError' };
      const { parts } = claimed(await chord.count(1, { state: 'REVOKED', result: revoked }));
      expect(parts).toEqual([
        { taskId: chord.idOf(0), state: 'FAILURE', result: failure },
        { taskId: chord.idOf(1), state: 'REVOKED', result: revoked },
      ]);
    });

    it('counts a part once, whatever comes of its repetitions: the first stands', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.count(0, { result: 'first' });
      expect(await chord.count(0, { result: 'first' })).toEqual({ kind: 'repeated' });
      expect(await chord.count(0, { result: 'second' })).toEqual({ kind: 'repeated' });
      expect(await chord.count(0, { state: 'FAILURE', result: failure })).toEqual({ kind: 'repeated' });
      const { parts } = claimed(await chord.count(1));
      expect(parts.map(({ result }) => result)).toEqual(['first', 1]);
    });

    it('counts a part without a number once', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      const nowhere = { groupIndex: undefined };
      expect(await chord.count(0, nowhere)).toEqual({ kind: 'counted' });
      expect(await chord.count(0, { ...nowhere, result: 'again' })).toEqual({ kind: 'repeated' });
      expect(claimed(await chord.count(1, nowhere)).parts).toHaveLength(2);
    });

    it('tells parts apart whose ids begin alike, or look like JSON', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      const ids = ['a', 'a"', 'a", "SUCCESS', 'a\\', 'ä', 'a\n'];
      await chord.open(ids.length);
      const last = ids.pop() ?? '';
      for (const taskId of ids) {
        expect(await chord.count(0, { taskId })).toEqual({ kind: 'counted' });
        expect(await chord.count(0, { taskId, result: 'again' })).toEqual({ kind: 'repeated' });
      }
      const { parts } = claimed(await chord.count(0, { taskId: last }));
      expect(new Set(parts.map(({ taskId }) => taskId))).toEqual(new Set([...ids, last]));
    });

    it('gives one claim when parts are counted at the same time, each twice, by two processes', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(50);
      const parts = Array.from({ length: 50 }, (_, index) => chord.partOf(index));
      const counts = await Promise.all(
        parts.flatMap((part) => [w.store.count(part), w.other.count({ ...part, result: 'other' })]),
      );
      const complete = counts.filter(({ kind }) => kind === 'complete');
      expect(complete).toHaveLength(1);
      expect(counts.filter(({ kind }) => kind === 'counted')).toHaveLength(49);
      const claim = complete.map(claimed)[0];
      expect(claim?.parts.map(({ taskId }) => taskId)).toEqual(parts.map(({ taskId }) => taskId));
    });

    it('is not complete before its sender has said how many parts there are', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      expect(await chord.count(0)).toEqual({ kind: 'counted' });
      expect(await chord.count(1)).toEqual({ kind: 'counted' });
      await chord.open(3);
      expect(claimed(await chord.count(2)).parts).toHaveLength(3);
    });

    it('is opened once: a repetition changes nothing', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.open(2);
      await chord.count(0);
      await chord.open(1);
      const claim = claimed(await chord.count(1));
      await chord.open(2);
      await w.store.close(claim);
      await chord.open(2);
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
      expect(await w.kept(chord.groupId)).toEqual([]);
    });

    it('waits for parts that are added, each counted once', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await w.store.grow(chord.groupId, [chord.idOf(2)]);
      await chord.open(2);
      await w.store.grow(chord.groupId, [chord.idOf(2), chord.idOf(3)]);
      await w.store.grow(chord.groupId, []);
      for (const index of [0, 1, 2]) expect(await chord.count(index)).toEqual({ kind: 'counted' });
      expect(claimed(await chord.count(3)).parts).toHaveLength(4);
    });

    it('no longer grows when it is complete', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const claim = claimed(await chord.count(0));
      await w.store.grow(chord.groupId, ['late']);
      expect(await chord.count(7, { taskId: 'late' })).toEqual({ kind: 'repeated' });
      await w.store.close(claim);
      await w.store.grow(chord.groupId, ['later']);
      expect(await w.kept(chord.groupId)).toEqual([]);
    });

    it('belongs to its finisher for the lease', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.count(0);
      claimed(await chord.count(1));
      await w.elapse(CHORD_LEASE_MS / 2);
      expect(await chord.count(1)).toEqual({ kind: 'repeated' });
      expect(ofChord(await w.other.abandoned(100, []), chord)).toBeUndefined();
    });

    it('stays with a finisher that renews its lease, and not with one that has lost it', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const first = claimed(await chord.count(0));
      for (let half = 0; half < 4; half += 1) {
        await w.elapse(CHORD_LEASE_MS / 2);
        await w.store.renew(first);
      }
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
      expect(ofChord(await w.other.abandoned(100, []), chord)).toBeUndefined();
      await w.elapse(CHORD_LEASE_MS);
      const second = claimed(await chord.count(0));
      await w.store.renew(first);
      await w.elapse(CHORD_LEASE_MS / 2);
      await w.store.release(second);
      await w.store.renew(first);
      expect(ofChord(await w.other.abandoned(100, []), chord)?.parts).toEqual(first.parts);
    });

    it('goes to the next repeated part when its finisher died', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.count(0);
      const first = claimed(await chord.count(1));
      await w.elapse(CHORD_LEASE_MS);
      const second = claimed(await chord.count(0, { result: 'other' }));
      expect(second).toEqual({ ...first, token: second.token });
      expect(second.token).not.toBe(first.token);
      expect(await chord.count(1)).toEqual({ kind: 'repeated' });
    });

    it('goes to a sweep when its finisher died, to one of two', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const first = claimed(await chord.count(0));
      await w.elapse(CHORD_LEASE_MS);
      const swept = await Promise.all([w.store.abandoned(100, []), w.other.abandoned(100, [])]);
      const claims = swept.map((each) => ofChord(each, chord)).filter((each) => each !== undefined);
      expect(claims).toEqual([{ ...first, token: claims[0]?.token }]);
    });

    it('goes at once to the next repeated part, or a sweep, when its finisher let go', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const first = claimed(await chord.count(0));
      await w.store.release(first);
      const second = claimed(await chord.count(0));
      await w.store.release(first);
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
      await w.store.release(second);
      expect(ofChord(await w.other.abandoned(100, []), chord)?.parts).toEqual(first.parts);
    });

    it('leaves nothing when it is closed, and later parts change nothing', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await w.store.grow(chord.groupId, [chord.idOf(1)]);
      await chord.open(1);
      await chord.count(0);
      await w.store.close(claimed(await chord.count(1, { groupIndex: undefined })));
      expect(await w.kept(chord.groupId)).toEqual([]);
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
      expect(await chord.count(9)).toEqual({ kind: 'repeated' });
      expect(await w.kept(chord.groupId)).toEqual([]);
      await w.elapse(DAY_MS / 2);
      expect(ofChord(await w.store.abandoned(100, []), chord)).toBeUndefined();
    });

    it('is closed by whoever finished it, also when another has the claim by now', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(1);
      const first = claimed(await chord.count(0));
      await w.elapse(CHORD_LEASE_MS);
      const second = claimed(await chord.count(0));
      await w.store.close(first);
      await w.store.close(second);
      await w.store.release(second);
      expect(await w.kept(chord.groupId)).toEqual([]);
    });

    it('is given up with what has come when parts are still missing at the deadline', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(3, 600_000);
      await chord.count(2);
      await w.elapse(500_000);
      expect(ofChord(await w.store.abandoned(100, []), chord)).toBeUndefined();
      await w.elapse(100_000);
      const claim = ofChord(await w.store.abandoned(100, []), chord);
      expect(claim).toMatchObject({ missing: 2, body: BODY, rootId: 'root' });
      expect(claim?.parts.map(({ result }) => result)).toEqual([2]);
      // From now on nothing changes what the finisher has been given.
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
      await w.elapse(CHORD_LEASE_MS);
      const again = ofChord(await w.store.abandoned(100, []), chord);
      expect(again).toEqual({ ...claim, token: again?.token });
      if (again !== undefined) await w.store.close(again);
      expect(await w.kept(chord.groupId)).toEqual([]);
    });

    it('is given up at the deadline when no part came at all', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(3, 600_000);
      await w.elapse(600_000);
      expect(ofChord(await w.store.abandoned(100, []), chord)).toMatchObject({ missing: 3, parts: [] });
    });

    it('is given up when its sender never said how many parts there are', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.count(0);
      await w.elapse(w.lostAfterMs - 60_000);
      expect(ofChord(await w.store.abandoned(100, []), chord)).toBeUndefined();
      await w.elapse(60_000);
      const claim = ofChord(await w.store.abandoned(100, []), chord);
      expect(claim).toMatchObject({ missing: 1, body: BODY, rootId: 'root' });
      expect(claim?.parts).toHaveLength(1);
    });

    it('hands out no more abandoned chords than asked for', async () => {
      await using w = await open();
      const chords = Array.from({ length: 5 }, () => aChord(w.store));
      for (const chord of chords) {
        await chord.open(1);
        await w.store.release(claimed(await chord.count(0)));
      }
      const found: ChordClaim[] = [];
      for (
        let some = await w.store.abandoned(2, []);
        some.length > 0;
        some = await w.store.abandoned(2, [])
      ) {
        expect(some.length).toBeLessThanOrEqual(2);
        found.push(...some);
      }
      for (const chord of chords) expect(found.filter((each) => ofChord([each], chord))).toHaveLength(1);
    });

    it('hands out what was abandoned to those of its home alone', async () => {
      await using w = await open();
      const [ours, theirs, nobodys] = [aChord(w.store), aChord(w.store), aChord(w.store)];
      const chords = [ours, theirs, nobodys];
      for (const chord of chords) await chord.open(2);
      // The last part that says where it came from counts.
      const homes = [ours, theirs].map((chord, index) => [chord, `home ${index}`] as const);
      for (const [chord, home] of homes) {
        await chord.count(0, { home: 'elsewhere' });
        await w.store.release(claimed(await chord.count(1, { home })));
      }
      await nobodys.count(0);
      await w.store.release(claimed(await nobodys.count(1)));
      const foundOf = async (...at: string[]): Promise<string[]> => {
        const found = await w.store.abandoned(100, at);
        for (const claim of found) await w.store.release(claim);
        return chords.filter((chord) => ofChord(found, chord) !== undefined).map(({ groupId }) => groupId);
      };
      expect(await foundOf('home 0')).toEqual([ours.groupId, nobodys.groupId]);
      expect(await foundOf('home 1', 'elsewhere')).toEqual([theirs.groupId, nobodys.groupId]);
      expect(await foundOf()).toEqual([nobodys.groupId]);
    });

    it('keeps a home that a later part says nothing of', async () => {
      await using w = await open();
      const chord = aChord(w.store);
      await chord.open(2);
      await chord.count(0, { home: 'home' });
      await w.store.release(claimed(await chord.count(1)));
      expect(ofChord(await w.store.abandoned(100, []), chord)).toBeUndefined();
      const claim = ofChord(await w.store.abandoned(100, ['home']), chord);
      expect(claim).toBeDefined();
      if (claim !== undefined) await w.store.close(claim);
      expect(await w.kept(chord.groupId)).toEqual([]);
    });

    it('keeps many chords apart', async () => {
      await using w = await open();
      const chords = Array.from({ length: 50 }, () => aChord(w.store));
      await Promise.all(chords.map((chord) => chord.open(3)));
      const claims = await Promise.all(
        chords.map(async (chord) => {
          const counts = await Promise.all([0, 1, 2].map((index) => chord.count(index)));
          return counts.filter(({ kind }) => kind === 'complete').map(claimed);
        }),
      );
      expect(claims.map((each) => each.length)).toEqual(chords.map(() => 1));
      await Promise.all(claims.flat().map((claim) => w.store.close(claim)));
      const left = await Promise.all(chords.map(({ groupId }) => w.kept(groupId)));
      expect(left.flat()).toEqual([]);
    });
  });
}
