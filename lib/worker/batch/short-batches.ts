import type { TaskDefinition } from '../../task/task.definition.js';

/** What to tell about batches that can never become full here. `prefetch`: of the worker, 0 for no limit. */
export function shortBatches(tasks: Iterable<TaskDefinition>, prefetch: number): string[] {
  const lines: string[] = [];
  for (const { name, config } of tasks) {
    const { batch, concurrency } = config;
    if (batch === undefined) continue;
    const { size, waitMs } = batch;
    const runs = `Its batches run with fewer, each time its wait of ${waitMs / 1000}s is over`;
    if (prefetch > 0 && prefetch < size)
      lines.push(
        `Task ${name} gathers ${size} messages for a call, but this worker takes only ${prefetch} ahead. ${runs}: ` +
          'raise prefetchMultiplier or concurrency, or lower batch.size.',
      );
    if (concurrency !== undefined && concurrency.key === undefined && concurrency.max < size)
      lines.push(
        `Task ${name} gathers ${size} messages for a call, but its concurrency lets only ${concurrency.max} run at a time. ` +
          `${runs}: raise concurrency.max, or lower batch.size.`,
      );
  }
  return lines;
}
