import type { AskOptions, ControlClient } from '../control/control.client.js';
import type { NodeReply } from '../control/reply.js';
import { InvalidOptionError } from '../errors.js';
import { durationMs } from '../runtime/duration.js';

type Arguments = Readonly<Record<string, unknown>>;

/** A command of remote control, as data: its words on the command line, and what they become on the wire. */
export interface RemoteCommand {
  readonly name: string;
  /** As the list of commands shows them. */
  readonly words: string;
  readonly summary: string;
  readonly read: (words: readonly string[]) => Arguments;
  /** The worker is gone, or busy, before it could answer. */
  readonly unanswered?: boolean;
  /** Asked before. */
  readonly destroys?: boolean;
  /** How it is sent, where that is more than one message. */
  readonly send?: (
    control: ControlClient,
    args: Arguments,
    options: AskOptions,
  ) => Promise<readonly NodeReply[]>;
}

const command = (
  name: string,
  words: string,
  summary: string,
  read: RemoteCommand['read'] = () => ({}),
  extras: Pick<RemoteCommand, 'unanswered' | 'destroys' | 'send'> = {},
): RemoteCommand => Object.freeze({ ...extras, name, words, summary, read: counted(words, read) });

export const INSPECT_COMMANDS: readonly RemoteCommand[] = [
  command('active', '', 'tasks that run'),
  command('active_queues', '', 'queues they consume'),
  command('clock', '', 'their logical clocks'),
  command('conf', '[with_defaults]', 'their settings', ([word]) => ({ with_defaults: truth(word) })),
  command('memdump', '[samples]', 'samples of their memory so far', ([n]) =>
    n === undefined ? {} : { samples: count(n, 'samples') },
  ),
  command('memsample', '', 'memory they use now'),
  command('ping', '', 'are they there?'),
  command('query_task', '<id> [ids...]', 'where these tasks are', (ids) => ({ ids })),
  command('registered', '[attributes...]', 'tasks they have', (items) =>
    items.length === 0 ? {} : { taskinfoitems: items },
  ),
  command('report', '', 'software and settings'),
  command('reserved', '', 'tasks they have taken and not begun'),
  command('revoked', '', 'ids of tasks they will not run'),
  command('scheduled', '', 'tasks they hold until their time'),
  command('stats', '', 'counts, pool, broker, memory'),
];

export const CONTROL_COMMANDS: readonly RemoteCommand[] = [
  command(
    'add_consumer',
    '<queue> [exchange] [type] [routing_key]',
    'consume a queue',
    ([queue, exchange, type, key]) => ({
      queue,
      exchange: exchange ?? null,
      exchange_type: type ?? 'direct',
      routing_key: key ?? null,
    }),
  ),
  command('autoscale', '<max> [min]', 'run between so many tasks at once', ([max, min]) => ({
    max: count(max, 'max'),
    min: min === undefined ? null : count(min, 'min'),
  })),
  command('cancel_consumer', '<queue>', 'consume a queue no more', ([queue]) => ({ queue })),
  command('disable_events', '', 'tell monitors nothing of tasks'),
  command('enable_events', '', 'tell monitors of tasks'),
  command('heartbeat', '', 'send a heartbeat now'),
  command(
    'pause_queue',
    '<queue>',
    'consume it in no worker, also none that starts later, until resumed',
    ([queue]) => ({ queue }),
    {
      send: async (control, { queue }, options) =>
        understood(await control.pauseQueue(String(queue), options)),
    },
  ),
  command('pool_grow', '[n]', 'run more tasks at once', ([n]) => ({ n: count(n ?? '1', 'n') })),
  command('pool_restart', '', 'replace the children of the pool'),
  command('pool_shrink', '[n]', 'run fewer tasks at once', ([n]) => ({ n: count(n ?? '1', 'n') })),
  command(
    'rate_limit',
    '<task> <rate>',
    'start a task at most so often: 10/s, 100/m, 0 for no limit',
    ([task, rate]) => ({
      task_name: task,
      rate_limit: rate,
    }),
  ),
  command('resume_queue', '<queue>', 'undo pause_queue', ([queue]) => ({ queue }), {
    send: async (control, { queue }, options) =>
      understood(await control.resumeQueue(String(queue), options)),
  }),
  command('revoke', '<id> [ids...]', 'do not run these tasks', (ids) => ({ task_id: ids })),
  command(
    'revoke_by_stamped_headers',
    '<key=value> [more...]',
    'do not run tasks with one of these stamps',
    (pairs) => ({ headers: stamps(pairs) }),
  ),
  command(
    'revoke_workflow',
    '<root-id> [ids...]',
    'run no task of the workflows that began with these',
    (ids) => ({ task_id: ids, root_id: ids }),
    { send: (control, args, options) => control.ask('revoke', args, options) },
  ),
  command('shutdown', '', 'stop warmly', undefined, { unanswered: true, destroys: true }),
  command(
    'terminate',
    '<signal> <id> [ids...]',
    'do not run these tasks, and end those that run',
    ([signal, ...ids]) => ({
      signal,
      task_id: ids,
    }),
  ),
  command(
    'time_limit',
    '<task> <soft> [hard]',
    'limits on a run of a task, in seconds',
    ([task, soft, hard]) => ({
      task_name: task,
      soft: seconds(soft, 'soft'),
      hard: hard === undefined ? null : seconds(hard, 'hard'),
    }),
  ),
];

/** Python's workers do not know of pausing; those that consume the queue were told in their own words. */
function understood(replies: readonly NodeReply[]): NodeReply[] {
  return replies.map((reply) =>
    /^KeyError\('(pause|resume)_queue'\)/.test(reply.error ?? '')
      ? { ...reply, value: 'does not consume it', error: undefined }
      : reply,
  );
}

/** Of a command of the application's own: `key=value`, the value as JSON where it is JSON. */
export function readPairs(words: readonly string[]): Arguments {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) {
        throw new InvalidOptionError(
          '[args...]',
          `expected key=value for a command of the application's own, got ${JSON.stringify(word)}`,
        );
      }
      return [word.slice(0, at), jsonOrText(word.slice(at + 1))];
    }),
  );
}

function jsonOrText(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
}

/** Refuses too few and too many words. */
function counted(usage: string, read: RemoteCommand['read']): RemoteCommand['read'] {
  const parts = usage.split(' ').filter((part) => part !== '');
  const least = parts.filter((part) => part.startsWith('<')).length;
  const most = usage.includes('...') ? Infinity : parts.length;
  return (words) => {
    if (words.length >= least && words.length <= most) return read(words);
    throw new InvalidOptionError(
      '[args...]',
      `expected ${usage === '' ? 'no words' : usage}, got ${words.length === 0 ? 'nothing' : words.join(' ')}`,
    );
  };
}

function count(word: string | undefined, name: string): number {
  if (word !== undefined && /^\d{1,9}$/.test(word)) return Number(word);
  throw new InvalidOptionError(name, `expected a number of 0 or more, got ${JSON.stringify(word)}`);
}

function seconds(word: string | undefined, name: string): number {
  return durationMs(word !== undefined && /^\d+(\.\d+)?$/.test(word) ? Number(word) : word, name) / 1000;
}

function truth(word: string | undefined): boolean {
  return word !== undefined && ['1', 'true', 'yes', 'with_defaults'].includes(word.toLowerCase());
}

function stamps(pairs: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [key, value] of Object.entries(readPairs(pairs))) found[key] = [String(value)];
  return found;
}
