import { describe, expect, it } from 'vitest';
import type { Definition } from '../../lib/beat/definition.js';
import type { Move, ScheduleStore, Term } from '../../lib/beat/schedule.store.js';
import { eventually } from '../support/eventually.js';

export interface StoreUnderTest {
  /** Several handles on one fresh store, closed by the suite; one handle where nothing can be shared. */
  readonly open: (handles: number) => Promise<readonly ScheduleStore[]>;
  /** Time goes on for the store, ms. */
  readonly advance: (ms: number) => Promise<void>;
}

const LEASE_MS = 1_000;

export function aDefinition(changes: Partial<Definition> = {}): Definition {
  return {
    document: '{"task": "a.b", "schedule": 60, "ü": "\\u2028"}',
    timing: '[60]',
    once: false,
    ...changes,
  };
}

/** What every schedule store promises (lib/beat/schedule.store.ts), written once. */
export function scheduleStoreConformance(kind: string, { open, advance }: StoreUnderTest): void {
  const world = async () => {
    const [store, other = store] = await open(2);
    if (store === undefined || other === undefined) throw new Error('no store');
    await Promise.all([store.connect(), other.connect()]);
    const won = async (owner: string, on: ScheduleStore = store): Promise<Term> => {
      const answer = await on.takeTerm(owner, LEASE_MS);
      if (answer.kind === 'won') return answer.term;
      throw new Error(`held for ${answer.forMs} ms`);
    };
    return {
      store,
      other,
      won,
      put: (name: string, changes: Partial<Definition> = {}, nowMs = 1_000) =>
        store.put(name, aDefinition(changes), 'client', nowMs),
      aMove: async (name: string, from: string, to: string): Promise<Move> => {
        const { control } = await store.read();
        const revision = (await store.readEntry(name))?.revision ?? 0;
        return { name, revision, controlRevision: control.revision, from, to, pushes: [] };
      },
      stateOf: async (name: string) => (await other.readEntry(name))?.state,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([store.close(), other.close()]);
      },
    };
  };

  describe(`${kind} schedule store`, () => {
    it('begins empty', async () => {
      await using w = await world();
      expect(await w.store.read()).toEqual({
        entries: [],
        control: { revision: 0, paused: false, floorMs: 0 },
      });
      expect(await w.store.readEntry('x')).toBeUndefined();
      expect(await w.store.remove('x')).toBe(false);
      expect(await w.store.enable('x', false, 1)).toBe(false);
    });

    it('gives back what was put, here and elsewhere', async () => {
      await using w = await world();
      await w.put('näme with "signs" {x}', {}, 5_000);
      const expected = {
        ...aDefinition(),
        name: 'näme with "signs" {x}',
        origin: 'client',
        revision: 1,
        sinceMs: 5_000,
        enabled: undefined,
        floorMs: 0,
        state: '',
      };
      expect(await w.store.readEntry(expected.name)).toEqual(expected);
      expect((await w.other.read()).entries).toEqual([expected]);
    });

    it('counts ticks anew only when the timing changes', async () => {
      await using w = await world();
      await w.put('e', {}, 1_000);
      await w.put('e', { document: '{"task": "other"}' }, 2_000);
      expect(await w.store.readEntry('e')).toMatchObject({ revision: 2, sinceMs: 1_000 });
      await w.put('e', { document: '{"task": "other"}' }, 3_000);
      expect(await w.store.readEntry('e')).toMatchObject({ revision: 2, sinceMs: 1_000 });
      await w.put('e', { timing: '[90]' }, 4_000);
      expect(await w.store.readEntry('e')).toMatchObject({ revision: 3, sinceMs: 4_000, timing: '[90]' });
      await w.put('once', { once: true }, 4_000);
      expect(await w.store.readEntry('once')).toMatchObject({ sinceMs: 0, once: true });
    });

    it('keeps what was switched when the definition changes', async () => {
      await using w = await world();
      await w.put('e');
      expect(await w.store.enable('e', false, 7_000)).toBe(true);
      await w.put('e', { timing: '[90]' }, 8_000);
      expect(await w.other.readEntry('e')).toMatchObject({ enabled: false, floorMs: 7_000, revision: 3 });
      await w.store.enable('e', true, 9_000);
      expect(await w.other.readEntry('e')).toMatchObject({ enabled: true, floorMs: 9_000 });
    });

    it('removes an entry with all it knew', async () => {
      await using w = await world();
      const term = await w.won('a');
      await w.put('e');
      await w.store.move(term, await w.aMove('e', '', 's1'));
      expect(await w.other.remove('e')).toBe(true);
      expect(await w.store.readEntry('e')).toBeUndefined();
      await w.put('e', {}, 9_000);
      expect(await w.store.readEntry('e')).toMatchObject({ state: '', sinceMs: 9_000 });
    });

    it('pauses and goes on', async () => {
      await using w = await world();
      await w.store.pause(true, 1_000);
      await w.store.pause(true, 2_000);
      expect((await w.other.read()).control).toEqual({ revision: 1, paused: true, floorMs: 1_000 });
      await w.other.pause(false, 3_000);
      expect((await w.store.read()).control).toEqual({ revision: 2, paused: false, floorMs: 3_000 });
    });

    it('tells every process of changes at once', async () => {
      await using w = await world();
      const heard: (string | undefined)[] = [];
      w.other.watch((name) => heard.push(name));
      const changes: [string, () => Promise<unknown>][] = [
        ['put', () => w.put('e')],
        ['put', () => w.put('e', { timing: '[90]' })],
        ['enable', () => w.store.enable('e', false, 1)],
        ['pause', () => w.store.pause(true, 1)],
        ['remove', () => w.store.remove('e')],
      ];
      for (const [what, change] of changes) {
        heard.length = 0;
        // A connection that is only just being made hears nothing yet, and tells so when it stands.
        await eventually(
          async () => {
            await change();
            return heard.length > 0;
          },
          { what: `a notice of ${what}` },
        );
        expect(
          heard.every((name) => name === 'e' || name === undefined),
          what,
        ).toBe(true);
      }
    });

    it('gives the term to one of many', async () => {
      await using w = await world();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? w.store : w.other).takeTerm(`owner ${index}`, LEASE_MS),
        ),
      );
      expect(answers.filter(({ kind: answer }) => answer === 'won')).toHaveLength(1);
      for (const answer of answers)
        if (answer.kind === 'held') expect(answer.forMs).toBeLessThanOrEqual(LEASE_MS);
    });

    it('gives a term to its owner again, with the same fence', async () => {
      await using w = await world();
      expect(await w.won('a')).toEqual(await w.won('a'));
    });

    it('ends a term with its lease, and fences it off', async () => {
      await using w = await world();
      await w.put('e');
      const first = await w.won('a');
      expect(await w.store.keepTerm(first, LEASE_MS)).toBe(true);
      await advance(LEASE_MS + 100);
      const move = await w.aMove('e', '', 's1');
      expect(await w.store.move(first, move)).toBe('lost');
      expect(await w.store.keepTerm(first, LEASE_MS)).toBe(false);

      const answer = await w.other.takeTerm('b', LEASE_MS);
      if (answer.kind !== 'won') throw new Error('held');
      expect(answer.gapMs).toBeGreaterThanOrEqual(LEASE_MS);
      expect(answer.term.fence).toBeGreaterThan(first.fence);
      expect(await w.store.move(first, move)).toBe('lost');
      expect(await w.store.keepTerm(first, LEASE_MS)).toBe(false);
      await w.store.endTerm(first);
      expect(await w.other.move(answer.term, move)).toBe('moved');
    });

    it('lets go of a term at once when it is ended', async () => {
      await using w = await world();
      const first = await w.won('a');
      await w.store.endTerm(first);
      const second = await w.won('b', w.other);
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(await w.store.keepTerm(first, LEASE_MS)).toBe(false);
    });

    it('says that there was no leader before', async () => {
      await using w = await world();
      expect(await w.store.takeTerm('a', LEASE_MS)).toMatchObject({ kind: 'won', gapMs: undefined });
    });

    it('moves a tick once, however often it is asked', async () => {
      await using w = await world();
      const term = await w.won('a');
      await w.put('e');
      const first = await w.aMove('e', '', 's1');
      expect(await Promise.all([w.store.move(term, first), w.store.move(term, first)])).toEqual([
        'moved',
        'moved',
      ]);
      expect(await w.stateOf('e')).toBe('s1');
      expect(await w.store.move(term, await w.aMove('e', 's1', 's2'))).toBe('moved');
      expect(await w.store.move(term, first)).toBe('stale');
      expect(await w.stateOf('e')).toBe('s2');
    });

    it('moves nothing by an old view of things', async () => {
      await using w = await world();
      const term = await w.won('a');
      expect(await w.store.move(term, await w.aMove('none', '', 's1'))).toBe('stale');
      await w.put('e');
      const old = await w.aMove('e', '', 's1');
      await w.other.put('e', aDefinition({ document: '{"task": "new"}' }), 'client', 1);
      expect(await w.store.move(term, old)).toBe('stale');

      const unpaused = await w.aMove('e', '', 's1');
      await w.other.pause(true, 1);
      expect(await w.store.move(term, unpaused)).toBe('stale');
      expect(await w.store.move(term, await w.aMove('e', 'something else', 's1'))).toBe('stale');
      expect(await w.stateOf('e')).toBe('');
    });

    it('holds a thousand entries', async () => {
      await using w = await world();
      const names = Array.from({ length: 1_000 }, (_, index) => `entry ${index}`);
      await Promise.all(names.map((name) => w.put(name)));
      const { entries } = await w.other.read();
      expect(entries.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    });
  });
}
