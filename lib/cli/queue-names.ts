import type { QueueDeclaration } from '../broker/topology.js';
import { InvalidOptionError } from '../errors.js';
import type { CeleryApp } from '../nest/celery.app.js';

export interface QueueChoice {
  readonly queues: readonly string[] | undefined;
  readonly excludeQueues: readonly string[] | undefined;
}

/**
 * The queues that are named, else all that the application has.
 * @param others more that are known of, where none are named
 * @throws InvalidOptionError when none are left
 */
export function chosenQueues(
  app: CeleryApp,
  { queues, excludeQueues = [] }: QueueChoice,
  others: readonly string[] = [],
): readonly QueueDeclaration[] {
  const excluded = new Set(excludeQueues);
  const known = app.queues.select(queues).filter(({ consumerOnly }) => !consumerOnly);
  const more =
    queues === undefined
      ? others
          .filter((name) => !known.some((queue) => queue.name === name))
          .map((name) => app.queues.get(name))
      : [];
  const chosen = [...known, ...more].filter(({ name }) => !excluded.has(name));
  if (chosen.length > 0) return chosen;
  throw new InvalidOptionError('--exclude-queues', 'no queue is left. Exclude fewer, or name some with -Q.');
}
