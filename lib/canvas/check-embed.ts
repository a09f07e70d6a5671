import { InvalidCanvasError } from '../errors.js';
import type { SignatureDict } from '../message/signature.js';
import type { Embed } from '../message/task-message.js';
import { fromCanvasDict } from './canvas-dict.js';

/** What is wrong with what should follow a task, or undefined: found before the task runs, not when it has ended. */
export function embedProblem({ callbacks, errbacks, chain, chord }: Embed): string | undefined {
  return (
    problemIn('callbacks', callbacks) ??
    problemIn('errbacks', errbacks) ??
    problemIn('chain', chain) ??
    (chord === undefined ? undefined : problemIn('chord', [chord]))
  );
}

function problemIn(where: string, dicts: readonly SignatureDict[]): string | undefined {
  for (const dict of dicts) {
    // Most are one call, which can be anything.
    if (dict.subtask_type === null) continue;
    try {
      fromCanvasDict(dict);
    } catch (error) {
      if (error instanceof InvalidCanvasError) return `${where} cannot be sent: ${error.message}`;
      throw error;
    }
  }
  return undefined;
}
