import type { Fields } from '../../control/record.js';
import { isRecord } from '../../control/record.js';
import { saferepr } from '../../message/saferepr.js';
import { TaskTerminated } from '../../task/task.signals.js';
import type { Request } from '../request.js';
import { texts } from './arguments.js';
import { CommandRefused, ok, type ControlHost } from './host.js';

/** `root_id` is this library's own: whole workflows, by the ids of their first tasks. Celery's workers overlook it. */
export function revoke(host: ControlHost, args: Fields) {
  const { task_id: named, root_id: rooted, terminate: end, signal } = args;
  const roots = new Set(rooted === undefined ? [] : texts(rooted, 'root_id'));
  const ids = new Set(texts(named, 'task_id'));
  for (const id of ids) host.revoked.add(id);
  for (const id of roots) host.revoked.addRoot(id);
  if (end !== true) {
    return ok(
      roots.size > 0
        ? `workflows ${shown([...roots])} flagged as revoked`
        : `tasks ${shown([...ids])} flagged as revoked`,
    );
  }
  const chosen = ({ id, message }: Request): boolean => ids.has(id) || roots.has(message.rootId);
  return terminated(endAll(host, chosen, signal));
}

export const terminate = (host: ControlHost, args: Fields) => revoke(host, { ...args, terminate: true });

/** This library's own: `revoke` of whole workflows. */
export const revokeWorkflow = (host: ControlHost, { root_id: roots, ...args }: Fields) =>
  revoke(host, { ...args, task_id: roots, root_id: roots });

export function revokeByStampedHeaders(host: ControlHost, { headers, terminate: end, signal }: Fields) {
  const stamps = stampsOf(headers);
  for (const [header, value] of stamps) {
    if (!host.revoked.addStamp(header, value))
      throw new CommandRefused('too many stamps are revoked already');
  }
  if (end !== true) return ok(`headers ${saferepr(headers)} flagged as revoked, but not terminated`);
  const ended = endAll(host, ({ message }) => host.revoked.covers(message), signal);
  return ended.length === 0
    ? ok(`headers ${saferepr(headers)} were not terminated`)
    : ok(`headers ${saferepr(headers)} revoked`);
}

/**
 * Those that run are told by their signal, and ended by force where they are not done soon after; with SIGKILL at once. On an
 * event loop nothing can force a handler: it is left alone.
 */
function endAll(host: ControlHost, chosen: (request: Request) => boolean, signal: unknown): string[] {
  const running = host.requests().filter((request) => request.stage === 'running' && chosen(request));
  const graceMs = AT_ONCE.includes(signal) ? 0 : host.config.abortGrace;
  for (const request of running) {
    if (request.running === undefined) request.abort.abort(new TaskTerminated());
    else request.running.terminate(graceMs);
  }
  return running.map(({ id }) => id);
}

/** SIGKILL as Celery's clients write it. */
const AT_ONCE: readonly unknown[] = ['SIGKILL', 'KILL', 9];

function terminated(ids: readonly string[]) {
  return ok(ids.length === 0 ? 'terminate: tasks unknown' : `terminate: ${ids.join(', ')}`);
}

/** As Python writes a set. */
function shown(ids: readonly string[]): string {
  const some = ids.slice(0, MOST_SHOWN).map((id) => saferepr(id));
  return `{${some.join(', ')}${ids.length > MOST_SHOWN ? ', ...' : ''}}`;
}

/** `{ header: value or list }`, or `['header=value']` from Celery's command line. */
function stampsOf(headers: unknown): (readonly [header: string, value: string])[] {
  if (Array.isArray(headers)) {
    return texts(headers, 'headers').map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new CommandRefused('headers: expected header=value');
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
  }
  if (!isRecord(headers)) throw new CommandRefused('headers: expected an object, or a list of header=value');
  return Object.entries(headers).flatMap(([header, values]) =>
    texts(values, header).map((value) => [header, value] as const),
  );
}

const MOST_SHOWN = 100;
