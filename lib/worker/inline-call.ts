import type { CallOptions } from '../canvas/call.options.js';
import { makeSignature } from '../canvas/signature.js';
import type { WireMessage } from '../message/wire-message.js';
import { buildTaskMessage } from '../producer/task-message.builder.js';
import type { Clock } from '../runtime/clock.js';
import type { TaskDefinition } from '../task/task.definition.js';
import type { CallHere } from './errbacks.js';
import { handedOver } from './handed-over.js';
import type { Outcome } from './outcome.js';
import { Request } from './request.js';
import type { RequestRunner } from './request.runner.js';
import type { TaskLog } from './task.log.js';

export interface InlineDeps {
  readonly runner: Pick<RequestRunner, 'run'>;
  readonly hostname: string;
  readonly clock: Clock;
  readonly taskLog: TaskLog;
}

/** Runs a task's handler in this worker without a message. Its value is dropped; anything but success is logged. */
export async function callInline(
  definition: TaskDefinition,
  call: CallHere,
  deps: InlineDeps,
): Promise<void> {
  const { outcome, request } = await runInline(definition, call, deps);
  if (outcome.kind === 'succeeded') return;
  const error = 'error' in outcome ? outcome.error : new Error(`it ended as ${outcome.kind}`);
  deps.taskLog.trouble(request, 'failed as an error callback', error);
}

/** What became of it. Nothing is stored, sent on or retried. */
export async function runInline(
  definition: TaskDefinition,
  { args, kwargs, parent }: CallHere,
  { runner, hostname, clock }: InlineDeps,
): Promise<{ readonly outcome: Outcome; readonly request: Request }> {
  const call = makeSignature(definition.name, { args, kwargs, immutable: true });
  const message = buildTaskMessage(call, NO_OPTIONS, {
    now: clock.now(),
    serializer: 'json',
    compression: undefined,
    priority: parent.priority,
    replyTo: undefined,
    origin: hostname,
    task: definition.config,
    parent,
  });
  const request = new Request(handedOver(NO_MESSAGE, { exchange: '', routingKey: '' }), message, definition);
  request.ackedEarly = true;
  return { outcome: await runner.run(request), request };
}

const NO_OPTIONS: CallOptions = Object.freeze({});

const NO_MESSAGE = Object.freeze<WireMessage>({
  body: Buffer.alloc(0),
  contentType: '',
  contentEncoding: '',
  headers: {},
  properties: { deliveryMode: 1, priority: 0 },
});
