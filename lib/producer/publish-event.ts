import type { PublishTarget } from '../broker/broker.js';
import type { PublishHookEvent } from '../hooks/hook.events.js';
import type { TaskMessage } from '../message/task-message.js';

/** What listeners are told of a message before and after it is published. */
export function publishEvent(
  message: TaskMessage,
  { exchange, routingKey }: PublishTarget,
): PublishHookEvent {
  const { id, task: name, args, kwargs, rootId, parentId } = message;
  return { id, name, args, kwargs, exchange, routingKey, rootId, parentId };
}
