import type { Fields } from '../../control/record.js';
import type { ControlRequest } from '../../control/request.js';
import { saferepr } from '../../message/saferepr.js';
import { printable } from '../printable.js';
import { errorText } from '../task.log.js';
import { COMMANDS, READING, UNANSWERED } from './commands.js';
import { CommandRefused, type ControlHost } from './host.js';

/** A command of the application's own. What it returns is the reply, what it throws is told as an error. */
export type OwnCommand = (args: Fields) => unknown;

export interface DispatchDeps {
  readonly host: ControlHost;
  /** By name. They win over Celery's. */
  readonly own: ReadonlyMap<string, OwnCommand>;
  /** Commands that may be used; undefined: all. */
  readonly allowed: ReadonlySet<string> | undefined;
}

export interface Dispatched {
  /** Undefined: there is none. */
  readonly reply: { readonly value: unknown } | undefined;
  /** What the log says of it; undefined: nothing, for questions. */
  readonly said: string | undefined;
}

/** Runs one command. Never rejects: what goes wrong is the reply. */
export type Dispatch = (request: ControlRequest) => Promise<Dispatched>;

export function dispatchTo({ host, own, allowed }: DispatchDeps): Dispatch {
  return async ({ method, arguments: args }) => {
    const command = own.get(method);
    const handler = COMMANDS.get(method);
    if (allowed?.has(method) === false) return refused('this worker does not allow the command');
    // Python's error for a command that nobody has.
    if (command === undefined && handler === undefined) return refused(`KeyError('${method.slice(0, 100)}')`);
    try {
      const value: unknown = await (command === undefined ? handler?.(host, args) : command(args));
      const reply = UNANSWERED.has(method) ? undefined : { value: value ?? null };
      return { reply, said: READING.has(method) ? undefined : lineOf(method, args) };
    } catch (error) {
      return refused(error instanceof CommandRefused ? error.message : errorText(error));
    }
  };
}

function refused(error: string): Dispatched {
  return { reply: { value: { error } }, said: undefined };
}

/** For `revoke`, Celery's own words. */
function lineOf(method: string, args: Fields): string {
  if (method !== 'revoke') return `Told by remote control: ${method} ${printable(saferepr(args), 300)}`;
  const { task_id: ids, root_id: roots } = args;
  const what = roots === undefined ? 'Tasks' : 'Workflows';
  return `${what} flagged as revoked: ${printable((Array.isArray(ids) ? ids.slice(0, 20) : [ids]).join(', '), 1_000)}`;
}
