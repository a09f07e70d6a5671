import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  CeleryModule,
  InvalidOptionError,
  OnTaskEvent,
  OnWorkerEvent,
  Reject,
  Task,
  TaskContext,
  type HookEvents,
} from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

type Told = readonly [event: string, name?: string | undefined, detail?: unknown];

@Injectable()
class Log {
  readonly told: Told[] = [];
}

@Injectable()
class Tasks {
  @Task('mail.send') send(address: string): string {
    return `sent to ${address}`;
  }
  @Task('mail.fail') fail(): void {
    throw new RangeError('no');
  }
  @Task({ name: 'pay.retry', bind: true, defaultRetryDelay: 0 }) retry(task: TaskContext): string {
    return task.retries === 0 ? task.retry({ countdown: '1s', cause: new Error('busy') }) : 'paid';
  }
  @Task('pay.reject') reject(): void {
    throw new Reject('not mine');
  }
  @Task('pay.fail') failToo(): void {
    throw new RangeError('no');
  }
  @Task({ name: 'pay.headers', bind: true }) headers(task: TaskContext): unknown {
    return task.headers;
  }
}

@Injectable()
class Listeners {
  constructor(private readonly log: Log) {}

  @OnTaskEvent('before-task-publish') before({ name, setHeader }: HookEvents['before-task-publish']): void {
    setHeader('x-trace', `trace of ${name}`);
  }
  @OnTaskEvent('after-task-publish') after({ name }: HookEvents['after-task-publish']): void {
    this.log.told.push(['published', name]);
  }
  @OnTaskEvent('task-received')
  @OnTaskEvent('task-prerun')
  async many(event: HookEvents['task-prerun'] | HookEvents['task-received']): Promise<void> {
    this.log.told.push(['queue' in event ? 'received' : 'prerun', event.name]);
  }
  @OnTaskEvent('task-postrun') postrun({ name, kind }: HookEvents['task-postrun']): void {
    this.log.told.push(['postrun', name, kind]);
  }
  @OnTaskEvent('task-succeeded') succeeded({ name, result }: HookEvents['task-succeeded']): void {
    this.log.told.push(['succeeded', name, result]);
  }
  @OnTaskEvent('task-failed', { task: 'mail.*' }) failed({ name, error }: HookEvents['task-failed']): void {
    this.log.told.push(['failed', name, error instanceof RangeError && error.message]);
  }
  @OnTaskEvent('task-retried') retried({ name, error }: HookEvents['task-retried']): void {
    this.log.told.push(['retried', name, error instanceof Error && error.message]);
  }
  @OnTaskEvent('task-rejected') rejected({ name, reason }: HookEvents['task-rejected']): void {
    this.log.told.push(['rejected', name, reason]);
  }
  @OnTaskEvent('task-revoked') revoked({ name, reason }: HookEvents['task-revoked']): void {
    this.log.told.push(['revoked', name, reason]);
  }
  @OnTaskEvent('task-unknown') unknown({ name }: HookEvents['task-unknown']): void {
    this.log.told.push(['unknown', name]);
  }
  @OnWorkerEvent('worker-init') init(): void {
    this.log.told.push(['worker-init']);
  }
  @OnWorkerEvent('worker-ready') ready(): void {
    this.log.told.push(['worker-ready']);
  }
  @OnWorkerEvent('worker-shutting-down') stopping(): void {
    this.log.told.push(['worker-shutting-down']);
  }
  @OnWorkerEvent('worker-shutdown') stopped({ hostname }: HookEvents['worker-shutdown']): void {
    this.log.told.push(['worker-shutdown', undefined, hostname.startsWith('celery@')]);
  }
}

@Injectable()
class Careless {
  @OnTaskEvent('task-prerun') prerun(): never {
    throw new Error('careless');
  }
  @OnTaskEvent('task-succeeded') async succeeded(): Promise<never> {
    throw new Error('careless too');
  }
}

async function world(providers: (new (...args: never[]) => unknown)[] = [Tasks, Listeners]) {
  const celery = await CeleryTestingModule.create({
    imports: [CeleryModule.forRoot({ broker: 'memory://' })],
    providers: [Log, ...providers] as never,
  });
  const log: Log = celery.app.get(Log);
  return { celery, told: log.told };
}

describe('listeners of tasks', () => {
  it('are told of a task from its publishing to its end, in order', async () => {
    const { celery, told } = await world();
    await celery.client.of(Tasks).send.delay('ada');
    await celery.drain();
    const ofTask = told.filter(([, name]) => name === 'mail.send');
    expect(ofTask).toEqual(
      expect.arrayContaining([
        ['published', 'mail.send'],
        ['received', 'mail.send'],
        ['prerun', 'mail.send'],
        ['postrun', 'mail.send', 'succeeded'],
        ['succeeded', 'mail.send', 'sent to ada'],
      ]),
    );
    expect(ofTask.map(([event]) => event).filter((event) => event !== 'published')).toEqual([
      'received',
      'prerun',
      'postrun',
      'succeeded',
    ]);
    await celery.close();
  });

  it.each([
    ['mail.fail', ['failed', 'mail.fail', 'no']],
    ['pay.reject', ['rejected', 'pay.reject', 'not mine']],
    ['mail.nobody', ['unknown', 'mail.nobody']],
  ])('are told how %s ended', async (name, expected) => {
    const { celery, told } = await world();
    await celery.client.applyAsync(name);
    await celery.drain();
    expect(told).toContainEqual(expected);
    await celery.close();
  });

  it('are told of retries and revokes', async () => {
    const { celery, told } = await world();
    await celery.client.of(Tasks).retry.delay();
    await celery.drain();
    const late = await celery.client.applyAsync('mail.send', { args: ['x'], countdown: '1m' });
    await late.revoke();
    await celery.advance('2m');
    expect(told).toContainEqual(['retried', 'pay.retry', 'busy']);
    expect(told).toContainEqual(['postrun', 'pay.retry', 'succeeded']);
    expect(told).toContainEqual(['revoked', 'mail.send', 'revoked']);
    await celery.close();
  });

  it('hear only of tasks whose names they asked for', async () => {
    const { celery, told } = await world();
    await celery.client.applyAsync('pay.fail');
    await celery.drain();
    expect(told).toContainEqual(['postrun', 'pay.fail', 'failed']);
    expect(told.filter(([event]) => event === 'failed')).toEqual([]);
    await celery.close();
  });

  it('add headers to what is published', async () => {
    const { celery } = await world();
    const result = await celery.client.of(Tasks).headers.delay();
    await celery.drain();
    expect(await result.get({ timeout: 0 })).toEqual({ 'x-trace': 'trace of pay.headers' });
    await celery.close();
  });

  it('that throw harm nobody', async () => {
    const { celery, told } = await world([Careless, Tasks, Listeners]);
    const result = await celery.client.of(Tasks).send.delay('ada');
    await celery.drain();
    expect(await result.get({ timeout: 0 })).toBe('sent to ada');
    expect(told).toContainEqual(['succeeded', 'mail.send', 'sent to ada']);
    await celery.close();
  });

  it('are refused for an event that does not exist, with the one that was meant', () => {
    expect(() => OnTaskEvent('task-fail' as never)).toThrow(InvalidOptionError);
    expect(() => OnTaskEvent('task-faild' as never)).toThrow('Did you mean "task-failed"?');
    expect(() => OnWorkerEvent('ready' as never)).toThrow('unknown event "ready"');
  });
});

it("a worker's life is told from its start to its end", async () => {
  const { celery, told } = await world();
  await celery.close();
  expect(told).toEqual([
    ['worker-init'],
    ['worker-ready'],
    ['worker-shutting-down'],
    ['worker-shutdown', undefined, true],
  ]);
});
