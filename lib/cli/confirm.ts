import { InvalidOptionError } from '../errors.js';
import type { Cli } from './cli.js';

/**
 * Asks before what cannot be undone.
 * @param force given: nobody is asked
 * @throws InvalidOptionError where nobody can be asked
 */
export async function confirmed(question: string, force: boolean, { terminal }: Cli): Promise<boolean> {
  if (force) return true;
  if (!terminal.canAsk)
    throw new InvalidOptionError('--force', 'is needed here, since nobody can be asked on this terminal.');
  const answer = await terminal.ask(`${question} [y/N] `);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
