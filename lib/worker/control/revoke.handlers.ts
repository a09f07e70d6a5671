import type { Fields } from '../../control/record.js';
import { isRecord } from '../../control/record.js';
import { saferepr } from '../../message/saferepr.js';
import { TaskTerminated } from '../../task/task.signals.js';
import type { Request } from '../request.js';
import { texts } from './arguments.js';
import { CommandRefused, ok, type ControlHost } from './host.js';

export function revoke(host: ControlHost, { task_id: named, terminate: end }: Fields) {
  const ids = texts(named, 'task_id');
  for (const id of ids) host.revoked.add(id);
  if (end !== true) return ok(`tasks ${shown(ids)} flagged as revoked`);
  return terminated(endAll(host, (request) => ids.includes(request.id)));
}

export const terminate = (host: ControlHost, args: Fields) => revoke(host, { ...args, terminate: true });

export function revokeByStampedHeaders(host: ControlHost, { headers, terminate: end }: Fields) {
  const stamps = stampsOf(headers);
  for (const [header, value] of stamps) {
    if (!host.revoked.addStamp(header, value))
      throw new CommandRefused('too many stamps are revoked already');
  }
  if (end !== true) return ok(`headers ${saferepr(headers)} flagged as revoked, but not terminated`);
  const ended = endAll(host, ({ message }) => host.revoked.covers(message));
  return ended.length === 0
    ? ok(`headers ${saferepr(headers)} were not terminated`)
    : ok(`headers ${saferepr(headers)} revoked`);
}

/** Those that run are ended now: a process is killed, on an event loop the handler is left alone, its signal aborted. */
function endAll(host: ControlHost, chosen: (request: Request) => boolean): string[] {
  const running = host.requests().filter((request) => request.stage === 'running' && chosen(request));
  for (const request of running) {
    request.cutShort?.({ kind: 'revoked', reason: 'terminated' });
    request.abort.abort(new TaskTerminated());
  }
  return running.map(({ id }) => id);
}

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
