import 'reflect-metadata';
import {
  Injectable,
  Module,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  CeleryApp,
  CeleryModule,
  chain,
  chord,
  ControlClient,
  InvalidCallError,
  readCeleryOptions,
  starmap,
  Task,
  TaskContext,
  Tasks,
  type Batch,
  type BatchResults,
} from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

const seen: unknown[] = [];

@Injectable()
class Guard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(['guard', context.getArgByIndex(0) instanceof TaskContext]);
    return true;
  }
}

@Injectable()
class Timing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    seen.push('interceptor');
    return next.handle();
  }
}

@Injectable()
@Tasks({ prefix: 'search' })
class SearchTasks {
  @Task({ batch: { size: 3, wait: '2s' }, params: ['doc', 'boost?'] })
  @UseGuards(Guard)
  @UseInterceptors(Timing)
  index(task: TaskContext, batch: Batch<[doc: string, boost?: number]>): Promise<BatchResults<string>> {
    seen.push(batch.map(({ args }) => args));
    return Promise.resolve(
      batch.map((item) => {
        if (item.args[0] === 'late' && item.retries === 0) return item.retry({ countdown: 10 });
        return `${item.args.join(' ')} by ${task.name}`;
      }),
    );
  }
}

@Injectable({ scope: Scope.REQUEST })
@Tasks({ prefix: 'scoped' })
class ScopedTasks {
  @Task({ batch: { size: 2, wait: '2s' } })
  own(batch: Batch<[n: number]>): BatchResults<number> {
    return batch.map(() => batch.length);
  }
}

@Injectable()
@Tasks({ prefix: 'notes' })
class NoteTasks {
  readonly heard: unknown[] = [];

  @Task()
  hear(value: unknown): unknown {
    this.heard.push(value);
    return value;
  }
}

@Module({
  imports: [CeleryModule.forRoot({ broker: 'memory://', backend: 'memory://' })],
  providers: [SearchTasks, ScopedTasks, NoteTasks],
})
class App {}

describe('a batch task of a Nest application', () => {
  it('passes its enhancers once for all messages, whose arguments are in the order of `params`', async () => {
    seen.length = 0;
    await using t = await CeleryTestingModule.create({ imports: [App], worker: { gatherBatches: true } });
    const { index } = t.client.of(SearchTasks);
    const first = await index.delay('one', 2);
    const second = await t.client.applyAsync<string>('search.index', { kwargs: { boost: 3, doc: 'two' } });
    const third = await index.delay('late');
    await t.drain();
    expect(seen).toEqual([['guard', true], 'interceptor', [['one', 2], ['two', 3], ['late']]]);
    expect([await first.get(), await second.get()]).toEqual([
      'one 2 by search.index',
      'two 3 by search.index',
    ]);
    await t.clock.advance(12_000);
    expect(await third.get()).toBe('late by search.index');
  });

  it('has parts of a chord, links and steps of chains among its messages, each by itself', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App], worker: { gatherBatches: true } });
    const { index } = t.client.of(SearchTasks);
    const { hear } = t.client.of(NoteTasks);
    const chorded = await t.client.applyAsync(chord([index.s('a'), index.s('b')], hear.s()));
    await index.applyAsync(['c'], { link: hear.s() });
    await t.drain();
    expect(await chorded.get()).toEqual(['a by search.index', 'b by search.index']);
    expect(t.app.get(NoteTasks).heard).toContain('c by search.index');
    const chained = await t.client.applyAsync(chain(index.s('d'), index.s(7), hear.s()));
    await t.advance('4s');
    expect(await chained.get()).toBe('d by search.index 7 by search.index');
  });

  it('leaves out messages of a workflow that was revoked while they were gathered', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App], worker: { gatherBatches: true } });
    const { own } = t.client.of(ScopedTasks);
    const gone = await t.client.applyAsync(chain(own.s(1), t.client.of(NoteTasks).hear.s()));
    await t.clock.advance(1_000);
    await t.app
      .get(ControlClient)
      .fleet()
      .revoke({ rootId: gone.parent?.id ?? '' });
    await t.clock.advance(500);
    const kept = await own.delay(2);
    await t.drain();
    expect(await gone.state()).toBe('REVOKED');
    expect(await kept.get()).toBe(1);
    expect(t.app.get(NoteTasks).heard).toEqual([]);
  });

  it('gets a fresh instance for each call in request scope', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App], worker: { gatherBatches: true } });
    const sent = [await t.client.of(ScopedTasks).own.delay(1), await t.client.of(ScopedTasks).own.delay(2)];
    await t.drain();
    expect(await Promise.all(sent.map((each) => each.get()))).toEqual([2, 2]);
  });

  it('gets batches of one in tests, where nothing waits for the clock', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App] });
    const result = await t.client.of(ScopedTasks).own.delay(1);
    await t.drain();
    expect(await result.get()).toBe(1);
  });

  it('gets batches of one where tasks run at once, and where another task calls it', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App], celery: { taskAlwaysEager: true } });
    const { index } = t.client.of(SearchTasks);
    expect(await (await index.delay('late')).get()).toBe('late by search.index');
    const each = await t.client.applyAsync(starmap(index, [['a'], ['b', 2]]));
    expect(await each.get()).toEqual(['a by search.index', 'b 2 by search.index']);
  });

  it('refuses a call that does not fit before it is sent', async () => {
    await using t = await CeleryTestingModule.create({ imports: [App] });
    await expect(t.client.applyAsync('search.index', { args: ['a', 1, 2] })).rejects.toThrow(
      InvalidCallError,
    );
  });
});

describe('a batch task without Nest', () => {
  it('is a function that takes the batch', async () => {
    const lines: string[] = [];
    const line = (text: string) => void lines.push(text);
    const log = { debug: line, log: line, warn: line, error: line };
    const options = readCeleryOptions({ broker: 'memory://', backend: 'memory://' });
    const app = await CeleryApp.open(options, { log });
    const double = (batch: Batch<[n: number]>) => batch.map(({ args: [n] }) => n * 2);
    app.defineTask('math.double', { batch: { size: 2, wait: '1m' } }, double);
    await app.startWorker({ concurrency: 1 });
    const sent = await Promise.all(
      [1, 2].map((n) => app.client.applyAsync<number>('math.double', { args: [n] })),
    );
    expect(await Promise.all(sent.map((each) => each.get()))).toEqual([2, 4]);
    await app.close();
    expect(lines.filter((text) => text.includes('gathers'))).toEqual([]);
  });
});
