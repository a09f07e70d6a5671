import type { PublishTarget } from '../broker/broker.js';
import type { FieldsOf } from '../events/event.js';
import { formatCeleryDate } from '../message/celery-date.js';
import type { TaskMessage } from '../message/task-message.js';

type Sent = Pick<
  TaskMessage,
  'id' | 'rootId' | 'parentId' | 'task' | 'argsrepr' | 'kwargsrepr' | 'retries' | 'etaMs' | 'expires'
>;

/** What monitors are told of a task that was sent. */
export function sentEvent(message: Sent, target: PublishTarget): FieldsOf<'task-sent'> {
  const { id, rootId, parentId, task, argsrepr, kwargsrepr, retries, etaMs, expires } = message;
  return {
    uuid: id,
    root_id: rootId,
    parent_id: parentId ?? null,
    name: task,
    args: argsrepr,
    kwargs: kwargsrepr,
    retries,
    eta: etaMs === undefined ? null : formatCeleryDate(etaMs),
    expires: expires ?? null,
    queue: target.queue?.name ?? (target.exchange === '' ? target.routingKey : null),
    exchange: target.exchange,
    routing_key: target.routingKey,
  };
}
