import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../lib/broker/broker.js';
import type { Log } from '../../lib/runtime/logger.js';
import { readTaskOptions } from '../../lib/task/read-task-options.js';
import type { Outcome } from '../../lib/worker/outcome.js';
import { Request } from '../../lib/worker/request.js';
import { TaskLog } from '../../lib/worker/task.log.js';
import type { WorkerConfig } from '../../lib/worker/worker.options.js';
import { taskDefaults } from '../task/defaults.js';
import { aTaskMessage } from './a-task-message.js';

const parameters = { method: 'send', names: [], required: 0, rest: false };

function logged(
  config: Partial<Pick<WorkerConfig, 'logArguments' | 'logResults'>>,
  write: (log: TaskLog, request: Request) => void,
): string[] {
  const lines: string[] = [];
  const line = (message: string) => void lines.push(message);
  const log: Log = { debug: line, log: line, warn: line, error: line };
  const message = aTaskMessage({
    task: 'mail.send',
    args: ['a@b.c'],
    kwargs: { to: 'x', 'bad\nname': 1 },
    argsrepr: "('a@b.c',)",
    kwargsrepr: "{'to': 'x'}",
  });
  const definition = {
    name: 'mail.send',
    source: 'MailTasks.send',
    config: readTaskOptions({ name: 'mail.send' }, taskDefaults()),
    parameters,
  };
  write(
    new TaskLog(log, { logArguments: 'omit', logResults: true, ...config }),
    new Request({} as Delivery, message, definition),
  );
  return lines;
}

describe('log lines', () => {
  it.each([
    ['omit', 'Task mail.send[an-id] received'],
    ['show', "Task mail.send[an-id] received: args ('a@b.c',), kwargs {'to': 'x'}"],
    ['mask', 'Task mail.send[an-id] received: 1 args, kwargs {to: ***, bad\\nname: ***}'],
  ] as const)('with arguments: %s', (logArguments, line) => {
    expect(logged({ logArguments }, (log, request) => log.received(request))).toEqual([line]);
  });

  const succeeded: Outcome = { kind: 'succeeded', value: { id: 7, text: 'a\nb' }, runtimeMs: 123.4 };

  it('may leave out results', () => {
    expect(logged({}, (log, request) => log.ended(request, succeeded))).toEqual([
      "Task mail.send[an-id] succeeded in 0.123s: {'id': 7, 'text': 'a\\nb'}",
    ]);
    expect(logged({ logResults: false }, (log, request) => log.ended(request, succeeded))).toEqual([
      'Task mail.send[an-id] succeeded in 0.123s',
    ]);
  });

  it('are bounded, whatever a value holds', () => {
    const huge: Outcome = { kind: 'succeeded', value: ['x'.repeat(100_000)], runtimeMs: 1 };
    const [line] = logged({}, (log, request) => log.ended(request, huge));
    expect(line?.length).toBeLessThan(1_300);
  });

  it('say when a retry comes', () => {
    const at: Outcome = { kind: 'retrying', request: { etaMs: 0 }, etaMs: 0, waitMs: 0, error: undefined };
    expect(logged({}, (log, request) => log.ended(request, at))).toEqual([
      'Task mail.send[an-id] retry: Retry at 1970-01-01T00:00:00.000Z',
    ]);
  });
});
