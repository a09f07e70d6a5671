import type { TaskContext } from '../../../lib/index.js';

/** A place where code of the application breaks, and what its task comes to by that. */
export interface Site {
  readonly name: string;
  readonly ends: 'SUCCESS' | 'FAILURE';
  /** What the handler does there. */
  readonly strike: (task: TaskContext) => unknown;
}

export function fails(strikes: Readonly<Record<string, Site['strike']>>): Site[] {
  return Object.entries(strikes).map(([name, strike]) => ({ name, ends: 'FAILURE', strike }));
}

export function succeeds(strikes: Readonly<Record<string, Site['strike']>>): Site[] {
  return Object.entries(strikes).map(([name, strike]) => ({ name, ends: 'SUCCESS', strike }));
}

/** What hostile code does wherever it is called. */
export const fail = (): never => {
  throw new Error('as it should');
};

export const never = (): Promise<never> => new Promise(() => undefined);
