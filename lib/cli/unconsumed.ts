import type { ActiveQueue } from '../control/control.types.js';
import type { CeleryApp } from '../nest/celery.app.js';
import { askWorkers } from './ask-workers.js';
import type { Cli } from './cli.js';

/** Why what is sent to the queue waits there, and the way out. Undefined: somebody takes it. */
export async function whyUnconsumed(app: CeleryApp, queue: string, cli: Cli): Promise<string | undefined> {
  const shown = JSON.stringify(queue);
  if (await app.control.isQueuePaused(queue)) {
    return `Queue ${shown} is paused: the task waits there until it is resumed. nest-celery control resume_queue ${queue}`;
  }
  const consumers = (await app.broker.measure?.(queue))?.consumers ?? 0;
  if (consumers > 0) return undefined;
  const { replies } = await askWorkers<ActiveQueue[]>(app, 'active_queues', {}, {}, cli);
  const taken = replies.flatMap(({ value }) => (Array.isArray(value) ? value.map(({ name }) => name) : []));
  if (taken.includes(queue)) return undefined;
  if (replies.length === 0) {
    return `No worker answers, so the task waits in queue ${shown}. Start one: nest-celery worker -Q ${queue}`;
  }
  return (
    `No worker that answers consumes queue ${shown}, so the task waits there (they consume ${[...new Set(taken)].join(', ')}). ` +
    `Have them take it too: nest-celery control add_consumer ${queue}; or start one: nest-celery worker -Q ${queue}`
  );
}
