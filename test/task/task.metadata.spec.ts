import { describe, expect, it } from 'vitest';
import { TaskContext } from '../../lib/context/task.context.js';
import { declaredTask, taskNameOf, TASK_METADATA, TASKS_METADATA } from '../../lib/task/task.metadata.js';
import type { TaskOptions, TasksOptions } from '../../lib/task/task.options.js';

/** Decorators that leave the same marks as the library's, without Nest. */
const Task =
  (options: TaskOptions = {}): MethodDecorator =>
  (_target, _key, descriptor) =>
    Reflect.defineMetadata(TASK_METADATA, options, descriptor.value as object);
const Tasks =
  (options: TasksOptions): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata(TASKS_METADATA, options, target);

class Base {
  @Task({ queue: 'base' })
  inherited(): void {}
}

@Tasks({ prefix: 'mail', queue: 'mail', maxRetries: 1 })
class MailTasks extends Base {
  get broken(): never {
    throw new Error('only on an instance');
  }
  @Task({ maxRetries: 5 })
  send(_task: TaskContext, _to: string): void {}
  @Task({ name: 'other.name' })
  named(_to: string, _task: TaskContext): void {}
  @Task({ bind: true })
  bound(_task: unknown): void {}
  plain(): void {}
}

describe('declaredTask', () => {
  it('lays the options of the method over those of its class', () => {
    expect(declaredTask(MailTasks, 'send')).toMatchObject({
      name: 'mail.send',
      source: 'MailTasks.send',
      options: { name: 'mail.send', queue: 'mail', maxRetries: 5 },
    });
    expect(declaredTask(MailTasks, 'send')?.options).not.toHaveProperty('prefix');
  });

  it('finds the parameter of type TaskContext, or takes the first with bind', () => {
    expect(declaredTask(MailTasks, 'send')?.contextIndex).toBe(0);
    expect(declaredTask(MailTasks, 'named')?.contextIndex).toBe(1);
    expect(declaredTask(MailTasks, 'bound')?.contextIndex).toBe(0);
    expect(declaredTask(Base, 'inherited')?.contextIndex).toBeUndefined();
  });

  it.each([
    [MailTasks, 'send', 'mail.send'],
    [MailTasks, 'named', 'other.name'],
    [MailTasks, 'inherited', 'mail.inherited'],
    [Base, 'inherited', 'Base.inherited'],
    [MailTasks, 'plain', undefined],
    [MailTasks, 'broken', undefined],
    [MailTasks, 'constructor', undefined],
    [MailTasks, 'toString', undefined],
    [MailTasks, '__proto__', undefined],
    [MailTasks, 'nothing', undefined],
  ])('%o %s is called %s', (taskClass, key, name) => {
    expect(taskNameOf(taskClass, key)).toBe(name);
  });
});
