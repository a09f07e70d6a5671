import type { QueueDeclaration } from '../broker/topology.js';
import { InvalidOptionError } from '../errors.js';
import type { QueueTable } from '../producer/queue-table.js';
import type { WorkerConfig } from './worker.options.js';

/** The queues that a worker consumes. @throws InvalidOptionError when nothing is left to consume */
export function chosenQueues(
  table: QueueTable,
  { queues, excludeQueues }: WorkerConfig,
): readonly QueueDeclaration[] {
  const excluded = new Set(excludeQueues);
  const chosen = table.select(queues).filter((queue) => !excluded.has(queue.name));
  if (chosen.length > 0) return chosen;
  throw new InvalidOptionError('worker.queues', 'no queue is left to consume. Name one, or exclude fewer.');
}
