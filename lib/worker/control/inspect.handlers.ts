import type { FoundTask, Hello, ScheduledTask, TaskInfo } from '../../control/control.types.js';
import type { Fields } from '../../control/record.js';
import { formatCeleryDate } from '../../message/celery-date.js';
import { texts } from './arguments.js';
import { CommandRefused, type ControlHost } from './host.js';
import { learnRevoked, revokedForOthers } from './revoked-for-others.js';
import { queueInfo } from './queue-info.js';
import { maskedSettings } from './settings.js';
import { registeredTask } from './registered.js';
import { statsOf } from './stats.js';
import { reportOf } from './report.js';
import { taskInfo } from './task-info.js';
import type { Request } from '../request.js';

// What workers can be asked. Replies have Celery's shapes: its command line and Flower read them.

export const ping = () => ({ ok: 'pong' });

export const clock = ({ lamport }: ControlHost) => ({ clock: lamport.value });

export const active = (host: ControlHost, { safe }: Fields): TaskInfo[] =>
  inStage(host, 'running').map((request) => taskInfo(host, request, safe === true));

export const reserved = (host: ControlHost): TaskInfo[] =>
  inStage(host, 'waiting').map((request) => taskInfo(host, request, false));

export const scheduled = (host: ControlHost): ScheduledTask[] =>
  inStage(host, 'held').map((request) => ({
    eta: formatCeleryDate(request.message.etaMs ?? 0),
    priority: SCHEDULED_PRIORITY,
    request: taskInfo(host, request, false),
  }));

export const revoked = (host: ControlHost): string[] => [...host.revoked.latest()].map(([taskId]) => taskId);

export function queryTask(host: ControlHost, { ids }: Fields): Record<string, FoundTask> {
  const asked = new Set(texts(ids, 'ids'));
  const found = host.requests().filter(({ id, stage }) => asked.has(id) && stage !== 'returned');
  return Object.fromEntries(
    found.map((request) => [request.id, [whereIs(request), taskInfo(host, request, false)]]),
  );
}

export function registered(
  { tasks, rateLimitOf }: ControlHost,
  { taskinfoitems, builtins }: Fields,
): string[] {
  const items =
    Array.isArray(taskinfoitems) && taskinfoitems.length > 0 ? texts(taskinfoitems, 'items') : undefined;
  return tasks
    .all()
    .filter(({ name }) => builtins === true || !name.startsWith('celery.'))
    .map((definition) => registeredTask(definition, rateLimitOf(definition), items))
    .toSorted();
}

export const stats = statsOf;

export const activeQueues = (host: ControlHost) =>
  host.queues().map((queue) => queueInfo(queue, host.newestSentMs(queue.name)));

export const conf = ({ settings }: ControlHost, { with_defaults: withDefaults }: Fields) =>
  maskedSettings(withDefaults === true ? settings().all : settings().given);

export const report = (host: ControlHost) => ({ ok: reportOf(host) });

export const memsample = ({ memory }: ControlHost): string => memory.take();

export function memdump({ memory }: ControlHost, { samples = 10 }: Fields): string {
  if (!Number.isSafeInteger(samples) || Number(samples) < 1)
    throw new CommandRefused('samples: expected a whole number of 1 or more');
  return memory.dump(Number(samples));
}

/** Another worker has started: what it revoked holds here, and it learns what was revoked before it came. */
export function hello(host: ControlHost, told: Fields): Hello | null {
  if (told['from_node'] === host.hostname) return null;
  learnRevoked(host.revoked, told);
  return { ...revokedForOthers(host.revoked), clock: host.lamport.forward() };
}

/** Celery's, of its timer's entries. */
const SCHEDULED_PRIORITY = 6;

function inStage(host: ControlHost, stage: Request['stage']): Request[] {
  return host.requests().filter((request) => request.stage === stage);
}

function whereIs({ stage }: Request): FoundTask[0] {
  if (stage === 'running') return 'active';
  return stage === 'held' ? 'scheduled' : 'reserved';
}
