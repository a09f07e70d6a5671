import type { ReplayOutcome } from '../worker/quarantine.reader.js';
import type { Cli } from './cli.js';
import { EXIT } from './exit-code.js';

/** Says how many there were, and why some stay. */
export function tellOutcomes(
  verb: 'Replayed' | 'Discarded',
  outcomes: readonly ReplayOutcome[],
  { output, interrupted }: Cli,
): number {
  const done = outcomes.flatMap((each) => each.done);
  const failed = outcomes.flatMap((each) => each.failed);
  const told = failed.map(([{ taskId, queue }, reason]) => ({ id: taskId ?? null, queue, reason }));
  output.answer(
    { [verb.toLowerCase()]: done.map(({ taskId }) => taskId ?? null), failed: told },
    () => `${verb} ${done.length} message${done.length === 1 ? '' : 's'}.`,
  );
  for (const { id, queue, reason } of told)
    output.warn(`${id ?? 'a message without an id'} stays in ${queue}: ${reason}`);
  if (interrupted.aborted) return EXIT.interrupted;
  return failed.length > 0 ? EXIT.failed : EXIT.ok;
}
