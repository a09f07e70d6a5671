import type { TaskInfo } from '../../control/control.types.js';
import type { Request } from '../request.js';
import type { ControlHost } from './host.js';

/**
 * A task as Celery's workers describe it.
 * @param safe arguments as text
 */
export function taskInfo({ hostname, started }: ControlHost, request: Request, safe: boolean): TaskInfo {
  const { message, delivery, ackedEarly } = request;
  const { exchange, routingKey, redelivered } = delivery;
  const sinceMs = started.sinceMs(request);
  return {
    id: message.id,
    name: message.shadow ?? message.task,
    args: safe ? message.argsrepr : message.args,
    kwargs: safe ? message.kwargsrepr : message.kwargs,
    type: message.task,
    hostname,
    time_start: sinceMs === undefined ? null : sinceMs / 1000,
    acknowledged: ackedEarly,
    delivery_info: { exchange, routing_key: routingKey, priority: message.priority, redelivered },
    worker_pid: sinceMs === undefined ? null : process.pid,
  };
}
