import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { starmap, TaskFailedError, TaskRevokedError, type AsyncResult } from '../../lib/index.js';
import type { CeleryHost } from '../../lib/nest/celery.host.js';
import { getCeleryToken } from '../../lib/tokens.js';
import type { PoolKind } from '../../lib/worker/pool/pool.js';
import { eventually } from '../support/eventually.js';
import { place } from './pool/pool.app.js';
import { poolScript, startPool, type PoolScript, type PoolWorld } from './pool/pool.world.js';

export interface PoolSuite {
  /** It runs handlers in children: they can be killed, and may die. */
  readonly hasChildren: boolean;
  /** Its children are processes. */
  readonly hasProcesses: boolean;
}

const LONG_MS = 60_000;
const WAIT = { timeout: '30s' } as const;
const SOON = { withinMs: 30_000 };

/** What every pool promises: one application, the same in each. */
export function poolConformance(kind: PoolKind, { hasChildren, hasProcesses }: PoolSuite): void {
  describe(`${kind} pool`, { timeout: LONG_MS }, () => {
    let script: PoolScript;
    let world: PoolWorld;

    beforeAll(async () => {
      script = await poolScript();
      // What is revoked has all the time it needs to clean up.
      world = await startPool(script.entry, { pool: kind, concurrency: 2, abortGrace: '20s' });
    }, LONG_MS);

    afterAll(async () => {
      await world[Symbol.asyncDispose]();
      await script[Symbol.asyncDispose]();
    }, LONG_MS);

    const failure = async (result: AsyncResult<unknown>): Promise<TaskFailedError> => {
      const error: unknown = await result.get(WAIT).catch((thrown: unknown) => thrown);
      if (error instanceof TaskFailedError) return error;
      throw new Error(`expected a failure, got ${String(error)}`);
    };

    const allReady = () =>
      eventually(() => world.worker.status.pools.every(({ ready, size }) => ready === size), {
        withinMs: 30_000,
        what: 'every child',
      });

    describe('a handler', () => {
      it('runs where the pool says', async () => {
        const where = await (await world.tasks.where.delay()).get(WAIT);
        expect(where === place()).toBe(!hasChildren);
        expect(where.startsWith(`${process.pid}:`)).toBe(!hasProcesses);
      });

      it('gets its arguments in their types, and gives its result', async () => {
        const values = [new Date(0), 2n ** 60n, Buffer.from('bytes'), 'text', 1.5, null];
        expect(await (await world.tasks.kinds.delay(values)).get(WAIT)).toEqual([
          'Date',
          'bigint',
          'Buffer',
          'string',
          'number',
          'object',
        ]);
        const echoed = await (
          await world.tasks.echo.delay({ at: new Date(0), deep: [[1n << 70n]] })
        ).get(WAIT);
        expect(echoed).toEqual({ at: new Date(0), deep: [[1n << 70n]] });
      });

      it('takes and gives a megabyte', async () => {
        const text = 'ä'.repeat(512 * 1024);
        expect(await (await world.tasks.size.delay(text)).get(WAIT)).toEqual({ length: text.length, text });
      });

      it('fails with its error: type, message, stack and cause', async () => {
        const error = await failure(await world.tasks.sell.delay('cup'));
        expect(error.remote).toMatchObject({ type: 'OutOfStock', message: 'cup is out of stock' });
        expect(error.traceback).toMatch(/OutOfStock: cup is out of stock\n +at .*pool\.app/);
        expect(error.traceback).toMatch(/Caused by: TypeError: counted wrong\n +at /);
      });

      it('fails with what it threw, though it is no error', async () => {
        const error = await failure(await world.tasks.throwText.delay());
        expect(error.remote).toMatchObject({ type: 'Error', message: 'just text' });
      });

      it('fails when its result cannot be written', async () => {
        const error = await failure(await world.tasks.opaque.delay());
        expect(error.remote.type).toBe('EncodeError');
        expect(error.remote.message).toContain('Map');
      });

      it('retries as it asks', async () => {
        expect(await (await world.tasks.again.delay(2)).get(WAIT)).toBe(2);
      });

      it('is retried for errors of its classes', async () => {
        expect(await (await world.tasks.busy.delay(2)).get(WAIT)).toBe(2);
        const error = await failure(await world.tasks.busy.delay(3));
        expect(error.remote.type).toBe('Busy');
      });

      it('rejects its message, or ignores it', async () => {
        expect((await failure(await world.tasks.rejected.delay())).remote.type).toBe('Reject');
        const ignored = await world.tasks.ignored.delay();
        await eventually(() => world.lines.some((line) => line.includes(`${ignored.id}] ignored`)), SOON);
        expect(await ignored.state()).toBe('PENDING');
      });

      it('stores states of its own', async () => {
        const states: unknown[] = [];
        const result = await world.tasks.progress.delay();
        result.onProgress((state, info) => states.push([state, info]));
        expect(await result.get(WAIT)).toBe('done');
        expect(states.at(-1)).toEqual(['PROGRESS', { done: 2, at: new Date(0) }]);
        expect(await (await world.tasks.badState.delay()).get(WAIT)).toBe('TypeError');
      });

      it('sends tasks, which are its children', async () => {
        const result = await world.tasks.sends.delay('hello');
        const sent = await result.get(WAIT);
        const children = await result.children();
        expect(children.map(({ id }) => id)).toEqual(sent);
        expect(await Promise.all(children.map((child) => child.get(WAIT)))).toEqual(['hello', 'hello']);
      });

      it('sends a chord, or puts a group in its own place', async () => {
        const id = await (await world.tasks.gathers.delay([1, 2, 3])).get(WAIT);
        expect(await world.client.result(id).get(WAIT)).toEqual([1, 2, 3]);
        expect(await (await world.tasks.replaces.delay(['a', 'b'])).get(WAIT)).toEqual(['a', 'b']);
      });

      it("is called by Celery's own tasks", async () => {
        const wheres = await (await world.client.applyAsync(starmap(world.tasks.where, [[], []]))).get(WAIT);
        expect(wheres.map((where) => where === place())).toEqual([!hasChildren, !hasChildren]);
      });

      it('finds its context wherever it asks', async () => {
        expect(await (await world.tasks.inside.delay()).get(WAIT)).toBe(true);
      });

      it('gets a fresh instance in request scope', async () => {
        const [first, isOwn] = await (await world.scoped.own.delay()).get(WAIT);
        const [second] = await (await world.scoped.own.delay()).get(WAIT);
        expect(isOwn).toBe(true);
        if (!hasChildren) expect(second).toBe(first + 1);
      });

      it('runs after the hooks of its process or thread', async () => {
        expect(await (await world.tasks.openedHere.delay()).get(WAIT)).toBe(1);
      });
    });

    describe('a batch', () => {
      it('is one call, and each of its messages has an end of its own', async () => {
        const send = (value: unknown) => world.tasks.together.delay(value);
        const [text, date, fail, retry] = await Promise.all([
          send('a'),
          send(new Date(0)),
          send('fail'),
          send('retry'),
        ]);
        const [value, together, where] = await text.get(WAIT);
        expect([value, together, where === place()]).toEqual(['a', 4, !hasChildren]);
        expect(await date.get(WAIT)).toEqual([new Date(0), 4, where]);
        expect((await failure(fail)).remote).toMatchObject({ type: 'OutOfStock' });
        await Promise.all([send('b'), send('c'), send('d')]);
        expect((await retry.get(WAIT)).slice(0, 2)).toEqual(['retry', 4]);
      });

      it('that outlives its hard time limit ends for each of its messages', async () => {
        const { leaked } = world.worker.status;
        const sent = await Promise.all([1, 2].map(() => world.tasks.foreverTogether.delay()));
        for (const each of sent) expect((await failure(each)).remote.type).toBe('TimeLimitExceeded');
        expect(world.worker.status.leaked).toBe(leaked + (hasChildren ? 0 : 1));
      });

      if (hasChildren)
        it('is lost for each of its messages when its child dies', async () => {
          const send = (value: unknown) => world.tasks.together.delay(value);
          const dying = await Promise.all(['a', 'b', 'c', 'dies'].map(send));
          for (const each of dying) expect((await failure(each)).remote.type).toBe('WorkerLostError');
          const next = await Promise.all(['a', 'b', 'c', 'd'].map(send));
          for (const each of next) expect((await each.get(WAIT))[1]).toBe(4);
        });
    });

    describe('a soft time limit', () => {
      it('aborts the signal, and the handler may clean up', async () => {
        expect(await (await world.tasks.softly.delay()).get(WAIT)).toBe('cleaned up after 0.1');
      });

      it('is what an aborted handler fails with', async () => {
        const error = await failure(await world.tasks.abortable.delay());
        expect(error.remote.type).toBe('SoftTimeLimitExceeded');
      });
    });

    describe('a hard time limit', () => {
      it('ends the task, and its place is free', async () => {
        const { leaked } = world.worker.status;
        const ended = await Promise.all(
          [1, 2, 3, 4].map(async () => failure(await world.tasks.forever.delay())),
        );
        expect(ended.map(({ remote }) => remote.type)).toEqual(Array(4).fill('TimeLimitExceeded'));
        expect(await (await world.tasks.echo.delay('next')).get(WAIT)).toBe('next');
        expect(world.worker.status.leaked).toBe(hasChildren ? 0 : leaked + 4);
      });

      if (hasChildren)
        it('kills a handler that never looks up', async () => {
          const spinning = await world.tasks.spin.delay();
          const beside = await Promise.all(
            Array.from({ length: 20 }, () => world.tasks.echo.delay('beside')),
          );
          await Promise.all(beside.map((each) => each.get(WAIT)));
          expect((await failure(spinning)).remote.type).toBe('TimeLimitExceeded');
          expect(await (await world.tasks.echo.delay('next')).get(WAIT)).toBe('next');
        });
    });

    describe('a task that is revoked while it runs', () => {
      const started = async (result: AsyncResult<unknown>): Promise<void> => {
        await eventually(async () => (await result.state()) === 'STARTED_HERE', SOON);
      };
      const states = (result: AsyncResult<unknown>): string[] => {
        const seen: string[] = [];
        result.onProgress((state) => seen.push(state));
        return seen;
      };

      it('hears it by its signal, may clean up, and is revoked', async () => {
        const result = await world.tasks.cleansUp.delay();
        await started(result);
        const seen = states(result);
        await world.control.fleet().terminate(result.id);
        await expect(result.get(WAIT)).rejects.toThrow(TaskRevokedError);
        expect(seen).toContain('CLEANED_UP');
      });

      it('is cut short when it does not listen, and its place is free', async () => {
        const { leaked } = world.worker.status;
        const results = await Promise.all(
          Array.from({ length: kind === 'solo' ? 1 : 2 }, () => world.tasks.deaf.delay()),
        );
        await Promise.all(results.map(started));
        await world.control.fleet().revoke(
          results.map(({ id }) => id),
          {
            terminate: true,
            signal: 'SIGKILL',
          },
        );
        for (const result of results) await expect(result.get(WAIT)).rejects.toThrow(TaskRevokedError);
        expect(await (await world.tasks.echo.delay('next')).get(WAIT)).toBe('next');
        expect(world.worker.status.leaked).toBe(leaked + (hasChildren ? 0 : results.length));
      });
    });

    if (hasChildren)
      describe('a child that dies', () => {
        const deaths = hasProcesses ? (['exit', 'signal'] as const) : (['exit'] as const);

        it.each(deaths)('by %s fails its task as lost, and another takes its place', async (how) => {
          const error = await failure(await world.tasks.dies.delay(how));
          expect(error.remote.type).toBe('WorkerLostError');
          expect(error.remote.message).toMatch(/Worker exited prematurely: ./);
          expect(await (await world.tasks.echo.delay('next')).get(WAIT)).toBe('next');
          await allReady();
        });

        it.each(deaths)(
          'by %s has its task run again, where it is acknowledged late and asks for it',
          async (how) => {
            expect((await failure(await world.tasks.diesLate.delay(how))).remote.type).toBe(
              'WorkerLostError',
            );
            expect(await (await world.tasks.diesOnce.delay(how)).get(WAIT)).toBe('the second time');
          },
        );

        it('would have died by a throw in a callback, but that fails its task alone', async () => {
          const error = await failure(await world.tasks.dies.delay('throw'));
          expect(error.remote.message).toBe('nobody catches this');
        });

        it('with a large message on its way to it harms no other task', async () => {
          const text = 'x'.repeat(8 * 1024 * 1024);
          const dying = await Promise.all([1, 2, 3].map(() => world.tasks.dies.delay('exit')));
          const large = await Promise.all([1, 2, 3].map(() => world.tasks.size.delay(text)));
          await Promise.all(dying.map((each) => failure(each)));
          for (const each of large) expect((await each.get(WAIT)).length).toBe(text.length);
        });

        it('never costs a place, however often', async () => {
          const dying = await Promise.all(Array.from({ length: 6 }, () => world.tasks.dies.delay('exit')));
          await Promise.all(dying.map((each) => failure(each)));
          expect(await (await world.tasks.echo.delay('next')).get(WAIT)).toBe('next');
          await eventually(() => world.worker.status.running + world.worker.status.waiting === 0, SOON);
        });
      });

    describe('the hooks', () => {
      it('run once in each process or thread, and at its end', async () => {
        // A child that took a dead one's place just now would write into the same notes.
        await allReady();
        const own = await startPool(script.entry, { pool: kind, concurrency: 2 });
        await own.worker.close();
        const notes = await own.notes();
        const places = hasChildren && kind !== 'solo' ? 2 : 1;
        const of = (what: string) =>
          notes.filter((line) => line.startsWith(what)).map((line) => line.split(' ')[1]);
        expect(new Set(of('init')).size).toBe(places);
        expect(of('init')).toHaveLength(places);
        expect(new Set(of('shutdown'))).toEqual(new Set(of('init')));
        expect(of('shutdown')).toHaveLength(places);
        await own[Symbol.asyncDispose]();
      });
    });

    describe('a result that is long in being stored', () => {
      it('holds up a child no more than once, and an event loop at once', async () => {
        await using own = await startPool(script.entry, { pool: kind, concurrency: 1 });
        const letGo: (() => void)[] = [];
        const { backend } = own.worker.app.get<CeleryHost>(getCeleryToken()).app;
        if (backend === undefined) throw new Error('no backend');
        const store = backend.store.bind(backend);
        const storing = vi.spyOn(backend, 'store').mockImplementation(async (...meta) => {
          await new Promise<void>((resolve) => letGo.push(resolve));
          return store(...meta);
        });
        try {
          const sent = await Promise.all([1, 2, 3].map(() => own.tasks.late.delay()));
          await eventually(() => letGo.length === (hasChildren ? 2 : 1), SOON);
          expect(own.worker.status).toMatchObject({ running: 1 });
          expect(own.worker.status.pools).toMatchObject([{ waiting: hasChildren ? 1 : 2 }]);
          storing.mockRestore();
          for (const release of letGo) release();
          expect(await Promise.all(sent.map((result) => result.get(WAIT)))).toEqual(['done', 'done', 'done']);
        } finally {
          storing.mockRestore();
        }
      });
    });

    describe('a worker that stops', () => {
      it('does not wait for handlers that do not end', async () => {
        const own = await startPool(script.entry, { pool: kind, concurrency: 1, abortGrace: '50ms' });
        await own.tasks.hangs.delay();
        await eventually(() => own.worker.status.running === 1, SOON);
        await own.worker.close(0);
        expect(own.lines).toContainEqual(expect.stringMatching(/pool\.hangs.* given back to its queue/));
        expect(own.worker.status).toMatchObject({
          state: 'stopped',
          running: 0,
          leaked: hasChildren ? 0 : 1,
        });
        await own[Symbol.asyncDispose]();
      });
    });

    if (hasChildren)
      describe('recycling', () => {
        it('replaces a child after so many tasks', async () => {
          await using own = await startPool(script.entry, {
            pool: kind,
            concurrency: 1,
            maxTasksPerChild: 2,
          });
          const places: string[] = [];
          for (let task = 0; task < 6; task += 1)
            places.push(await (await own.tasks.where.delay()).get(WAIT));
          expect(new Set(places).size).toBe(3);
          expect(places[0]).toBe(places[1]);
          expect(places[2]).toBe(places[3]);
        });

        it('replaces a child that holds too much memory', async () => {
          const maxMemoryPerChild = 300 * 1024;
          await using own = await startPool(script.entry, { pool: kind, concurrency: 1, maxMemoryPerChild });
          const before = await (await own.tasks.hoards.delay(1)).get(WAIT);
          expect(await (await own.tasks.hoards.delay(300)).get(WAIT)).toBe(before);
          expect(await (await own.tasks.where.delay()).get(WAIT)).not.toBe(before);
        });
      });
  });
}
