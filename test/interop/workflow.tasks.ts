import { Inject, Injectable } from '@nestjs/common';
import {
  chain,
  chord,
  group,
  signature,
  Task,
  TaskContext,
  Tasks,
  type AnyCanvas,
  type FailedRequest,
  type RemoteError,
} from '../../lib/index.js';
import { Lists } from './lists.js';

/** Our side of the canvas interop tests: the same tasks as python/workflow_app.py. */
@Injectable()
@Tasks({ prefix: 'wf' })
export class WorkflowTasks {
  constructor(@Inject(Lists) private readonly lists: Lists) {}

  @Task() add(a: number, b: number): number {
    return a + b;
  }
  @Task() mul(a: number, b: number): number {
    return a * b;
  }
  @Task() inc(a: number): number {
    return a + 1;
  }
  @Task() kw(a: number, b = 10): number {
    return a + b;
  }
  @Task() ident(value: unknown): unknown {
    return value;
  }
  @Task() total(values: unknown[]): number {
    return values.flat(10).reduce<number>((sum, each) => sum + Number(each), 0);
  }
  @Task() count(values: unknown[], more: number): number {
    return values.length + more;
  }
  @Task() boom(..._args: unknown[]): never {
    throw new ValueError('boom');
  }
  @Task({ maxRetries: 5 }) flaky(task: TaskContext, succeedOn: number): number {
    if (task.retries < succeedOn) task.retry({ countdown: '50ms', cause: new RuntimeError('not yet') });
    return task.retries;
  }
  @Task() async note(value: unknown, text: string, into: string): Promise<void> {
    await this.lists.push(into, `${String(value)} ${text}`);
  }
  @Task() async failed(taskId: string, text: string, into: string): Promise<void> {
    await this.lists.push(into, `${taskId} ${text}`);
  }
  @Task({ errback: 'request' }) async refused(
    request: FailedRequest,
    error: RemoteError,
    _traceback: unknown,
    text: string,
    into: string,
  ): Promise<void> {
    await this.lists.push(into, `${request.id} ${error.exc_type} ${text}`);
  }
  @Task() swap(task: TaskContext, value: number, how: keyof typeof SWAPS): never {
    task.replace(SWAPS[how](value));
  }
  @Task() async spawn(task: TaskContext, value: number): Promise<number> {
    await task.send(inc(value));
    await task.send(chain(inc(value + 10), inc()));
    await task.send(group(inc(value + 20), inc(value + 30)));
    return value;
  }
}

const inc = (...args: number[]) => signature<number>('wf.inc', { args });

const SWAPS = {
  task: (value) => inc(value),
  chain: (value) => chain(inc(value), inc()),
  group: (value) => group(inc(value), inc(value + 10)),
  chord: (value) => chord([inc(value), inc(value + 10)], signature('wf.total')),
  again: (value) => signature('wf.swap', { args: [value + 1, 'chain'] }),
  boom: (value) => signature('wf.boom', { args: [value] }),
} satisfies Readonly<Record<string, (value: number) => AnyCanvas>>;

/** Python's names for them. */
class ValueError extends Error {
  override readonly name = 'ValueError';
}
class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
}
