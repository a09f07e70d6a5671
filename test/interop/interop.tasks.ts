import { Inject, Injectable } from '@nestjs/common';
import { Ignore, Reject, Task, TaskClient, TaskContext, Tasks } from '../../lib/index.js';
import { Lists } from './lists.js';

/** Our side of the interop tests: the same tasks as python/interop_app.py, under the prefix `js.`. */
@Injectable()
@Tasks({ prefix: 'js' })
export class InteropTasks {
  constructor(
    @Inject(TaskClient) private readonly client: TaskClient,
    @Inject(Lists) private readonly lists: Lists,
  ) {}

  @Task()
  add(a: number, b: number): number {
    return a + b;
  }

  @Task()
  echo(value: unknown): unknown {
    return value;
  }

  @Task()
  keywords(first: unknown, second: unknown = 'default', third: unknown = null): unknown[] {
    return [first, second, third];
  }

  @Task()
  fail(message: string): never {
    throw new RangeError(message);
  }

  @Task({ maxRetries: 5 })
  flaky(task: TaskContext, succeedOn: number): number {
    if (task.retries < succeedOn) task.retry({ countdown: '100ms', cause: new Error('not yet') });
    return task.retries;
  }

  @Task({ maxRetries: 1 })
  hopeless(task: TaskContext): never {
    return task.retry({ countdown: 0, cause: new RangeError('never') });
  }

  @Task()
  async progress(task: TaskContext, gate: string): Promise<string> {
    await task.updateState('PROGRESS', { done: 3, total: 10 });
    await this.lists.passed(gate);
    return 'done';
  }

  @Task()
  where(task: TaskContext): object {
    return {
      hostname: task.hostname,
      id: task.id,
      root_id: task.rootId,
      parent_id: task.parentId ?? null,
      headers: task.headers,
      priority: task.deliveryInfo.priority,
      at: Date.now() / 1_000,
    };
  }

  @Task()
  replies(task: TaskContext): object {
    return { reply_to: task.replyTo };
  }

  @Task()
  async spawn(task: TaskContext, name: string): Promise<string> {
    const { id } = await task.send(this.client.signature(name));
    return id;
  }

  @Task({ ignoreResult: true })
  async ignored(task: TaskContext, into: string): Promise<string> {
    await this.lists.mark(into, task, 'nobody sees this');
    return 'nobody sees this';
  }

  @Task()
  async raise_ignore(task: TaskContext, into: string): Promise<never> {
    await this.lists.mark(into, task, 'ignored');
    throw new Ignore();
  }

  @Task({ acksLate: true })
  reject_once(task: TaskContext): string {
    if (!task.deliveryInfo.redelivered) throw new Reject('once more', { requeue: true });
    return 'second time';
  }

  @Task({ acksLate: true })
  async reject(task: TaskContext, into: string): Promise<never> {
    await this.lists.mark(into, task, 'rejected');
    throw new Reject('no', { requeue: false });
  }

  /** Waits until its signal is aborted. */
  @Task()
  patient(task: TaskContext, _gate: string): Promise<never> {
    const { signal } = task;
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  @Task()
  async mark(task: TaskContext, value: unknown, into: string): Promise<unknown> {
    await this.lists.mark(into, task, value);
    return value;
  }
}

/** Tasks that both kinds of worker have. */
@Injectable()
@Tasks({ prefix: 'both' })
export class SharedTasks {
  constructor(@Inject(Lists) private readonly lists: Lists) {}

  @Task()
  async work(task: TaskContext, number: number, into: string): Promise<string> {
    await this.lists.mark(into, task, number);
    return 'js';
  }

  @Task({ acksLate: true })
  async hold(task: TaskContext, number: number, into: string, gate: string | null = null): Promise<string> {
    await this.lists.mark(into, task, number);
    if (gate !== null && !task.deliveryInfo.redelivered) await this.lists.passed(gate);
    return 'js';
  }

  @Task({ maxRetries: 3 })
  hand_over(task: TaskContext, queue: string | null): unknown[] {
    if (queue !== null) task.retry({ args: [null], queue, countdown: 0 });
    return ['js', task.id, task.retries, task.rootId];
  }
}
