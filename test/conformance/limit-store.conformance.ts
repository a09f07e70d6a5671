import { describe, expect, it } from 'vitest';
import type { LimitStore, Wish } from '../../lib/worker/limits/limit-store.js';

/** Where limits are counted, that one test has to itself. */
export interface LimitStoreWorld extends AsyncDisposable {
  readonly store: LimitStore;
  /** Marks that were recalled, in order. */
  readonly recalled: readonly string[];
  /** Ends the permit as if its worker had gone and its time were over. */
  expire(wish: Wish): Promise<void>;
}

const MINUTE_MS = 60_000;

let wishes = 0;

/** Of a message of its own, in a request of its own. */
function aWish(wish: Partial<Wish> & { readonly ticket?: string } = {}): Wish {
  wishes += 1;
  return {
    ticket: `task-${wishes}:0`,
    permit: `me:${wishes}`,
    rate: undefined,
    concurrency: undefined,
    ...wish,
  };
}

const atMost = (max: number, key = 'mail/a') => ({ concurrency: { key, max } });
const everyMinute = (burst = 1, key = 'mail/a') => ({ rate: { key, intervalMs: MINUTE_MS, burst } });

/** What every store of limits promises (`lib/worker/limits/limit-store.ts`), written once. */
export function limitStoreConformance(name: string, open: () => Promise<LimitStoreWorld>): void {
  const kindOf = async ({ store }: LimitStoreWorld, wish: Wish) => (await store.ask(wish)).answer;

  /** Denied and put away under its ticket. */
  const putAway = async (world: LimitStoreWorld, wish: Wish): Promise<Wish> => {
    expect(await kindOf(world, wish)).toBe('concurrency');
    await world.store.lineUp(wish, `mark of ${wish.ticket}`);
    return wish;
  };
  const markOf = (wish: Wish) => `mark of ${wish.ticket}`;
  /** The same message, taken again. */
  const again = (wish: Wish): Wish => aWish({ ...wish, permit: `again:${wish.permit}` });

  describe(`limits counted in ${name}`, () => {
    describe('concurrency', () => {
      it('lets as many in as may run, for each key', async () => {
        await using world = await open();
        const kinds = [];
        for (let each = 0; each < 4; each += 1) kinds.push(await kindOf(world, aWish(atMost(2))));
        expect(kinds).toEqual(['go', 'go', 'concurrency', 'concurrency']);
        expect(await kindOf(world, aWish(atMost(2, 'mail/b')))).toBe('go');
      });

      it('asked at once too', async () => {
        await using world = await open();
        const answers = await Promise.all(
          Array.from({ length: 500 }, () => world.store.ask(aWish(atMost(7)))),
        );
        expect(answers.filter(({ answer }) => answer === 'go')).toHaveLength(7);
      });

      it('recalls who came first when a permit is given back, and keeps it for that one', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const first = await putAway(world, aWish(atMost(1)));
        const second = await putAway(world, aWish(atMost(1)));

        await world.store.leave(running, 5);
        expect(world.recalled).toEqual([markOf(first)]);
        expect(await kindOf(world, aWish(atMost(1)))).toBe('concurrency');
        expect(await kindOf(world, again(second))).toBe('concurrency');
        expect(await kindOf(world, again(first))).toBe('go');
      });

      it('recalls at once who was put away while a permit became free', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const late = aWish(atMost(1));
        expect(await kindOf(world, late)).toBe('concurrency');
        await world.store.leave(running, 5);
        expect(world.recalled).toEqual([]);
        await world.store.lineUp(late, markOf(late));
        expect(world.recalled).toEqual([markOf(late)]);
      });

      it('keeps the place of who comes back unasked, and recalls it by its latest mark', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const first = await putAway(world, aWish(atMost(1)));
        await putAway(world, aWish(atMost(1)));
        const back = again(first);
        expect(await kindOf(world, back)).toBe('concurrency');
        await world.store.lineUp(back, 'a new mark');
        await world.store.leave(running, 5);
        expect(world.recalled).toEqual(['a new mark']);
      });

      it('recalls who was handed a permit between its answer and its being put away', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const first = await putAway(world, aWish(atMost(1)));
        const back = again(first);
        expect(await kindOf(world, back)).toBe('concurrency');
        await world.store.leave(running, 5);
        expect(world.recalled).toEqual([markOf(first)]);
        await world.store.lineUp(back, 'a new mark');
        expect(world.recalled).toEqual([markOf(first), 'a new mark']);
      });

      it('hands the permit on when its message will not come', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const revoked = await putAway(world, aWish(atMost(1)));
        const next = await putAway(world, aWish(atMost(1)));
        await world.store.leave(running, 5);
        await world.store.forget(revoked);
        expect(world.recalled).toEqual([markOf(revoked), markOf(next)]);
      });

      it('gives back the permits of a worker that is gone', async () => {
        await using world = await open();
        const gone = aWish(atMost(1));
        await world.store.ask(gone);
        const waiting = await putAway(world, aWish(atMost(1)));
        await world.store.renew([gone]);
        expect(await kindOf(world, aWish(atMost(1)))).toBe('concurrency');
        await world.expire(gone);
        expect(await kindOf(world, again(waiting))).toBe('go');
      });

      it('recalls more when more may run', async () => {
        await using world = await open();
        const running = aWish(atMost(1));
        await world.store.ask(running);
        const [a, b] = [await putAway(world, aWish(atMost(1))), await putAway(world, aWish(atMost(1)))];
        await world.store.leave({ ...running, ...atMost(5) }, 5);
        expect(world.recalled).toEqual([markOf(a), markOf(b)]);
      });

      it('counts a request once that asks again because the answer was lost', async () => {
        await using world = await open();
        const twice = aWish(atMost(2));
        await world.store.ask(twice);
        expect(await kindOf(world, twice)).toBe('go');
        expect(await kindOf(world, aWish(atMost(2)))).toBe('go');
      });
    });

    describe('rate', () => {
      const waitOf = async ({ store }: LimitStoreWorld, wish: Wish): Promise<number> => {
        const answer = await store.ask(wish);
        return answer.answer === 'rate' ? Math.round(answer.waitMs / MINUTE_MS) : 0;
      };

      it('tells each message its own start, one after the other', async () => {
        await using world = await open();
        const waits = [];
        for (let each = 0; each < 4; each += 1) waits.push(await waitOf(world, aWish(everyMinute())));
        expect(waits).toEqual([0, 1, 2, 3]);
        expect(await waitOf(world, aWish(everyMinute(1, 'mail/b')))).toBe(0);
      });

      it('tells who asks again what it told before', async () => {
        await using world = await open();
        await world.store.ask(aWish(everyMinute()));
        const waiting = aWish(everyMinute());
        expect(await waitOf(world, waiting)).toBe(1);
        expect(await waitOf(world, aWish(everyMinute()))).toBe(2);
        expect(await waitOf(world, again(waiting))).toBe(1);
      });

      it('lets several start at once after a pause', async () => {
        await using world = await open();
        const waits = [];
        for (let each = 0; each < 5; each += 1) waits.push(await waitOf(world, aWish(everyMinute(3))));
        expect(waits).toEqual([0, 0, 0, 1, 2]);
      });

      it('gives the start of who will not come to the next', async () => {
        await using world = await open();
        await world.store.ask(aWish(everyMinute()));
        const revoked = aWish(everyMinute());
        await world.store.ask(revoked);
        await world.store.forget(revoked);
        expect(await waitOf(world, aWish(everyMinute()))).toBe(1);
      });

      it('promises no start beyond ten minutes', async () => {
        await using world = await open();
        for (let each = 0; each < 11; each += 1) await world.store.ask(aWish(everyMinute()));
        const waits = [];
        for (let each = 0; each < 20; each += 1) waits.push(await waitOf(world, aWish(everyMinute())));
        expect(Math.min(...waits)).toBeGreaterThanOrEqual(5);
        expect(Math.max(...waits)).toBeLessThanOrEqual(10);
      });

      it('counts anew when it has changed', async () => {
        await using world = await open();
        for (let each = 0; each < 5; each += 1) await world.store.ask(aWish(everyMinute()));
        const changed = { rate: { key: 'mail/a', intervalMs: 2 * MINUTE_MS, burst: 3 } };
        expect(await waitOf(world, aWish(changed))).toBe(0);
      });
    });

    describe('a message that nobody has taken', () => {
      it('is told what it would be told, and takes nothing', async () => {
        await using world = await open();
        const wish = aWish({ ...atMost(1), ...everyMinute() });
        for (let each = 0; each < 3; each += 1) expect((await world.store.promise(wish)).answer).toBe('go');
        expect(await kindOf(world, wish)).toBe('go');
        expect((await world.store.promise(aWish(atMost(1)))).answer).toBe('concurrency');
        expect(world.recalled).toEqual([]);
      });

      it('has its start kept for it', async () => {
        await using world = await open();
        await world.store.ask(aWish(everyMinute()));
        const waiting = aWish(everyMinute());
        const told = await world.store.promise(waiting);
        const others = await world.store.promise(aWish(everyMinute()));
        const waits = [told, others, await world.store.ask(again(waiting))].map((answer) =>
          answer.answer === 'rate' ? Math.round(answer.waitMs / MINUTE_MS) : 0,
        );
        expect(waits).toEqual([1, 2, 1]);
      });
    });

    describe('both', () => {
      const both = { ...atMost(1), ...everyMinute() };

      it('takes no permit without a start', async () => {
        await using world = await open();
        const first = aWish(both);
        expect(await kindOf(world, first)).toBe('go');
        await world.store.leave(first, 5);
        expect(await kindOf(world, aWish(both))).toBe('rate');
        expect(await kindOf(world, aWish(atMost(1)))).toBe('go');
      });

      it('takes no start without a permit', async () => {
        await using world = await open();
        expect(await kindOf(world, aWish(atMost(1)))).toBe('go');
        expect(await kindOf(world, aWish(both))).toBe('concurrency');
        expect(await kindOf(world, aWish(everyMinute()))).toBe('go');
      });

      it('hands a permit on that is recalled to one without a start', async () => {
        await using world = await open();
        const running = aWish(both);
        await world.store.ask(running);
        const first = await putAway(world, aWish(both));
        const second = await putAway(world, aWish(both));
        await world.store.leave(running, 5);
        expect(await kindOf(world, again(first))).toBe('rate');
        expect(world.recalled).toEqual([markOf(first), markOf(second)]);
      });
    });
  });
}
