import { printable } from './printable.js';

/** What a stop could not settle with the broker. Frozen. */
export interface LeftBehind {
  /** As `name[id]`: tasks in hand at the stop that the broker may hand out again, because it answered nothing about them. */
  readonly tasks: readonly string[];
  /** The broker did not answer at the end, so that what ended shortly before may be handed out again too. */
  readonly unheard: boolean;
}

export const NOTHING_LEFT: LeftBehind = Object.freeze({ tasks: Object.freeze([]), unheard: false });

/** Whether any task may run again. */
export function isLeft({ tasks, unheard }: LeftBehind): boolean {
  return unheard || tasks.length > 0;
}

/** A line for the log; undefined where nothing was left. */
export function leftBehindText(left: LeftBehind, url: string): string | undefined {
  if (!isLeft(left)) return undefined;
  const { tasks, unheard } = left;
  const why = unheard ? `${url} did not answer at the end. ` : '';
  if (tasks.length === 0) return `${why}Tasks that ended shortly before may run again.`;
  const named = tasks.slice(0, MOST_NAMED).map((task) => printable(task));
  const more = tasks.length > MOST_NAMED ? `, and ${tasks.length - MOST_NAMED} more` : '';
  return `${why}Not settled, and may run again: ${named.join(', ')}${more}`;
}

const MOST_NAMED = 20;
