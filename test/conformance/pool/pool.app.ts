import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
import { Inject, Injectable, Logger, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  CeleryModule,
  chord,
  group,
  Ignore,
  type Batch,
  type BatchResults,
  Reject,
  SoftTimeLimitExceeded,
  Task,
  TaskClient,
  TaskContext,
  Tasks,
  type WorkerProcInit,
  type WorkerProcShutdown,
} from '../../../lib/index.js';

// The application of the pool suite. The suite runs it in the process of the tests; children run it from its script.

export class Busy extends Error {}
export class OutOfStock extends Error {
  constructor(
    readonly sku: string,
    options?: ErrorOptions,
  ) {
    super(`${sku} is out of stock`, options);
    this.name = 'OutOfStock';
  }
}

/** One connection per child, as an application would keep it. */
@Injectable()
export class Connection implements WorkerProcInit, WorkerProcShutdown {
  opened = 0;

  workerProcInit(): void {
    this.opened += 1;
    note('init');
  }
  workerProcShutdown(): void {
    note('shutdown');
  }
}

/** What outlives the child, in a file that the test reads. */
function note(what: string): void {
  const file = process.env['POOL_NOTES'];
  if (file !== undefined) appendFileSync(file, `${what} ${place()}\n`);
}

/** Process and thread. */
export function place(): string {
  return `${process.pid}:${threadId}`;
}

const hoard: unknown[] = [];

/** How a child ends with its task. */
type Death = 'exit' | 'signal' | 'throw' | 'memory';

@Injectable()
@Tasks({ prefix: 'pool' })
export class PoolTasks {
  constructor(
    private readonly client: TaskClient,
    private readonly connection: Connection,
  ) {}

  @Task()
  echo(value: unknown): unknown {
    return value;
  }

  @Task()
  where(): string {
    return place();
  }

  @Task()
  kinds(values: readonly unknown[]): string[] {
    return values.map((value) =>
      value instanceof Date ? 'Date' : Buffer.isBuffer(value) ? 'Buffer' : typeof value,
    );
  }

  @Task()
  sell(sku: string): never {
    throw new OutOfStock(sku, { cause: new TypeError('counted wrong') });
  }

  @Task()
  throwText(): never {
    throw 'just text';
  }

  @Task()
  again(task: TaskContext, upTo: number): number {
    if (task.retries < upTo) task.retry({ countdown: 0 });
    return task.retries;
  }

  @Task({ autoretryFor: [Busy], defaultRetryDelay: 0, maxRetries: 2 })
  busy(task: TaskContext, until: number): number {
    if (task.retries < until) throw new Busy('not now');
    return task.retries;
  }

  @Task({ acksLate: true })
  late(): string {
    return 'done';
  }

  @Task({ acksLate: true })
  rejected(): never {
    throw new Reject('not for us');
  }

  @Task()
  ignored(): never {
    throw new Ignore();
  }

  @Task()
  async progress(task: TaskContext): Promise<string> {
    await task.updateState('PROGRESS', { done: 1, at: new Date(0) });
    await task.updateState('PROGRESS', { done: 2, at: new Date(0) });
    return 'done';
  }

  @Task()
  async badState(task: TaskContext): Promise<string> {
    return task.updateState('FAILURE', 'no error').then(
      () => 'stored',
      (error: unknown) => (error instanceof TypeError ? 'TypeError' : String(error)),
    );
  }

  @Task()
  async sends(task: TaskContext, value: unknown): Promise<string[]> {
    const first = await task.send(this.client.of(PoolTasks).echo.s(value));
    const second = await this.client.of(PoolTasks).echo.delay(value);
    return [first.id, second.id];
  }

  @Task()
  replaces(task: TaskContext, values: unknown[]): never {
    return task.replace(group(values.map((value) => this.client.of(PoolTasks).echo.si(value))));
  }

  @Task()
  async gathers(task: TaskContext, values: unknown[]): Promise<string> {
    const { echo } = this.client.of(PoolTasks);
    const parts = values.map((value) => echo.si(value));
    return (await task.send(chord(parts, echo.s()))).id;
  }

  @Task({ softTimeLimit: '100ms' })
  async softly(task: TaskContext): Promise<string> {
    await new Promise((resolve) => task.signal.addEventListener('abort', resolve, { once: true }));
    const reason: unknown = task.signal.reason;
    return reason instanceof SoftTimeLimitExceeded
      ? `cleaned up after ${reason.limitSeconds}`
      : String(reason);
  }

  @Task({ softTimeLimit: '100ms' })
  async abortable(task: TaskContext): Promise<void> {
    await new Promise((_, reject) => {
      task.signal.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
    });
  }

  @Task({ timeLimit: '300ms' })
  async forever(): Promise<void> {
    await new Promise(() => undefined);
  }

  @Task({ batch: { size: 4, wait: '5m' } })
  async together(batch: Batch<[value: unknown]>): Promise<BatchResults<[unknown, number, string]>> {
    for (const { args, task } of batch) await task.updateState('PROGRESS', args[0]);
    return batch.map((item) => {
      const [value] = item.args;
      if (value === 'dies') process.exit(3);
      if (value === 'fail') return item.fail(new OutOfStock('cup'));
      if (value === 'retry' && item.retries === 0) return item.retry({ countdown: 0 });
      return [value, batch.length, place()];
    });
  }

  @Task({ batch: { size: 2, wait: '5m' }, timeLimit: '300ms' })
  async foreverTogether(_batch: Batch<[]>): Promise<void> {
    await new Promise(() => undefined);
  }

  /** Writes down that its signal was aborted, and why. */
  @Task({ acksLate: true })
  async cleansUp(task: TaskContext): Promise<string> {
    const aborted = new Promise((resolve) => task.signal.addEventListener('abort', resolve, { once: true }));
    await task.updateState('STARTED_HERE', null);
    await aborted;
    await task.updateState('CLEANED_UP', String(task.signal.reason));
    return 'cleaned up';
  }

  @Task({ acksLate: true })
  async deaf(task: TaskContext): Promise<void> {
    await task.updateState('STARTED_HERE', null);
    await new Promise(() => undefined);
  }

  /** Only for pools that can kill. */
  @Task({ timeLimit: '300ms' })
  spin(): void {
    for (;;);
  }

  @Task()
  async inside(task: TaskContext): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return TaskContext.current() === task && task.hostname.startsWith('celery@');
  }

  @Task()
  size(text: string): { length: number; text: string } {
    return { length: text.length, text };
  }

  @Task()
  opaque(): unknown {
    return new Map([['a', 1]]);
  }

  @Task()
  says(text: string): void {
    new Logger('PoolTasks').log(text);
  }

  @Task()
  openedHere(): number {
    return this.connection.opened;
  }

  /** Kills its own process or thread. */
  @Task()
  async dies(how: Death): Promise<void> {
    switch (how) {
      case 'exit':
        return process.exit(3);
      case 'signal':
        process.kill(process.pid, 'SIGKILL');
        break;
      case 'throw':
        setImmediate(() => {
          throw new Error('nobody catches this');
        });
        break;
      case 'memory':
        for (;;) hoard.push(Array.from({ length: 1_000_000 }, (_, index) => index + 0.5));
    }
    await new Promise(() => undefined);
  }

  /** Ends its process or thread at the first attempt. */
  @Task({ acksLate: true, rejectOnWorkerLost: true })
  async diesOnce(task: TaskContext, how: Death): Promise<string> {
    if (!task.deliveryInfo.redelivered) await this.dies(how);
    return 'the second time';
  }

  @Task({ acksLate: true })
  async diesLate(how: Death): Promise<void> {
    await this.dies(how);
  }

  @Task({ acksLate: true })
  async hangs(): Promise<void> {
    await new Promise(() => undefined);
  }

  @Task()
  async waitsFor(value: unknown): Promise<unknown> {
    const result = await this.client.of(PoolTasks).echo.delay(value);
    return result.get({ timeout: '30s', disableSyncSubtasks: false });
  }

  @Task()
  hoards(megabytes: number): string {
    hoard.push(Buffer.alloc(megabytes * 1024 * 1024, 1));
    return place();
  }
}

/** A fresh one for each attempt. */
@Injectable({ scope: Scope.REQUEST })
@Tasks({ prefix: 'scoped' })
export class ScopedTasks {
  static made = 0;
  readonly number = (ScopedTasks.made += 1);

  constructor(@Inject(REQUEST) private readonly request: TaskContext) {}

  @Task()
  own(task: TaskContext): [number, boolean] {
    return [this.number, this.request === task];
  }
}

@Module({
  imports: [CeleryModule.forRoot({ broker: 'memory://', backend: 'memory://' })],
  providers: [PoolTasks, ScopedTasks, Connection],
})
export class PoolModule {}
