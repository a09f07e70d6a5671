import type { PublishTarget } from '../broker/broker.js';
import { formatCeleryDate } from '../message/celery-date.js';
import type { Content } from '../message/content.js';
import { encodeTaskMessage, reencodeTaskMessage } from '../message/task-message.codec.js';
import type { WireMessage } from '../message/wire-message.js';
import type { Clock } from '../runtime/clock.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { expirationOf } from './expiration.js';
import type { QueueTable } from './queue-table.js';
import type { Router } from './router.js';
import type { Resend } from './sender.js';
import { reprsOf } from './task-message.builder.js';

/** What the next attempt is made with. */
export interface AttemptDeps {
  readonly content: Content;
  readonly queues: QueueTable;
  readonly router: Router;
  readonly tasks: { get(name: string): TaskDefinition | undefined };
  readonly clock: Clock;
}

/**
 * The message of a task's next attempt and where it goes: where it came from, unless the request names a queue. Its body is
 * the old one, byte for byte, unless the request changes the arguments.
 */
export function nextAttempt(
  retry: Resend,
  deps: AttemptDeps,
): { readonly message: WireMessage; readonly target: PublishTarget } {
  const { message, wire, request } = retry;
  const kept = request.args === undefined && request.kwargs === undefined && isProtocol2(wire);
  const next = kept ? sameBody(retry) : newBody(retry, deps);
  const { expiration: _old, ...properties } = next.properties;
  const sentMs = deps.clock.now();
  const expiration = expirationOf(message, sentMs);
  return {
    target: targetOf(retry, deps),
    message: Object.freeze({
      ...next,
      properties: Object.freeze({
        ...properties,
        correlationId: message.correlationId,
        priority: request.priority ?? message.priority,
        ...(expiration === undefined ? {} : { expiration }),
        sentMs,
      }),
    }),
  };
}

/** Protocol 1 holds the count of retries in its body; it is sent on as protocol 2. */
function isProtocol2(wire: WireMessage): boolean {
  return wire.headers['task'] !== undefined;
}

function sameBody({ message, wire, etaMs }: Resend): WireMessage {
  return reencodeTaskMessage(wire, {
    retries: message.retries + 1,
    eta: formatCeleryDate(etaMs),
    // Sent from inside itself.
    parent_id: message.id,
    root_id: message.rootId,
  });
}

function newBody({ message, request, etaMs }: Resend, { content, tasks }: AttemptDeps): WireMessage {
  const args = request.args ?? message.args;
  const kwargs = request.kwargs ?? message.kwargs;
  return encodeTaskMessage(
    Object.freeze({
      ...message,
      args,
      kwargs,
      ...reprsOf({ args, kwargs }, {}, tasks.get(message.task)?.config),
      retries: message.retries + 1,
      etaMs,
      parentId: message.id,
    }),
    content,
  );
}

function targetOf(retry: Resend, { queues, router, tasks }: AttemptDeps): PublishTarget {
  const { exchange, routingKey, request, message } = retry;
  if (request.queue !== undefined) {
    const { task: name, args, kwargs } = message;
    return router.route({ name, args, kwargs, task: tasks.get(name) }, { queue: request.queue }).target;
  }
  if (exchange === '') return { exchange, routingKey, queue: queues.get(routingKey) };
  const declaration = queues.exchange(exchange);
  // A broadcast goes to everyone again, as in Celery: on Redis there is no queue of this one worker to send it to.
  return { exchange, routingKey, ...(declaration === undefined ? {} : { exchangeDeclaration: declaration }) };
}
