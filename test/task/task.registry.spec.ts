import { describe, expect, it } from 'vitest';
import { parametersOf } from '../../lib/task/parameters.js';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { TaskDefinition } from '../../lib/task/task.definition.js';
import { TaskRegistry } from '../../lib/task/task.registry.js';
import { taskDefaults } from './defaults.js';

const task = (name: string, source: string): TaskDefinition => ({
  name,
  source,
  config: readTaskOptions({ name }, taskDefaults()),
  parameters: parametersOf(() => undefined),
});

describe('TaskRegistry', () => {
  it('gives a task by its name', () => {
    const registry = new TaskRegistry();
    registry.add(task('mail.send', 'MailTasks.send'));

    expect(registry.get('mail.send')?.source).toBe('MailTasks.send');
    expect(registry.all().map((each) => each.name)).toEqual(['mail.send']);
  });

  it('refuses a name twice, with both places', () => {
    const registry = new TaskRegistry();
    registry.add(task('mail.send', 'MailTasks.send'));

    expect(() => registry.add(task('mail.send', 'OldMail.send'))).toThrow(
      'tasks[mail.send]: declared twice: by MailTasks.send and by OldMail.send.',
    );
  });

  it.each(['constructor', '__proto__', 'toString', ''])('knows no task %j', (name) => {
    expect(new TaskRegistry().get(name)).toBeUndefined();
  });

  it('finds the name that was meant', () => {
    const registry = new TaskRegistry();
    registry.add(task('mail.send', 'MailTasks.send'));

    expect(registry.nearest('mail.sned')).toBe('mail.send');
    expect(registry.nearest('x'.repeat(1e6))).toBeUndefined();
  });
});
