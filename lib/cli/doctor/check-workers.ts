import type { ActiveQueue } from '../../control/control.types.js';
import type { NodeReply } from '../../control/reply.js';
import type { WorkerRecord } from '../../events/worker.record.js';
import { nearest } from '../../runtime/nearest.js';
import { VERSION } from '../../runtime/version.js';
import { fail, ok, warn, type Finding } from './check.js';

/** What the workers have said. */
export interface WorkersSeen {
  readonly queues: readonly NodeReply<ActiveQueue[]>[];
  readonly registered: readonly NodeReply<string[]>[];
  readonly reports: readonly NodeReply<string>[];
  /** Heard by their heartbeats. */
  readonly beating: readonly WorkerRecord[];
}

/** Clocks that differ by more make `eta`, `expires` and the order of events wrong. Messages take some of it. */
const MOST_DRIFT_MS = 2_000;

export function checkWorkers({ queues, beating }: WorkersSeen): readonly Finding[] {
  const names = queues.map(({ hostname }) => hostname);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  const deaf = beating.filter(({ hostname, online }) => online && !names.includes(hostname));
  const found: Finding[] = [];
  if (names.length === 0 && deaf.length === 0) {
    found.push(warn('workers', 'none answers', 'Start one: nest-celery worker -A dist/app.module.js'));
  } else if (names.length > 0) found.push(ok('workers', `${names.length} online: ${names.join(', ')}`));
  for (const name of twice) {
    found.push(fail('workers', `two of the name ${name}`, `Give each its own: nest-celery worker -n w1@%h`));
  }
  for (const { hostname } of deaf) {
    found.push(
      warn(
        'workers',
        `${hostname} sends heartbeats and answers no command`,
        'Is its remote control off (remoteControl: false), or its event loop held up by a task?',
      ),
    );
  }
  return found;
}

export function checkClocks({ beating }: WorkersSeen): readonly Finding[] {
  if (beating.length === 0) return [];
  const apart = beating.filter(({ driftMs }) => Math.abs(driftMs) > MOST_DRIFT_MS);
  if (apart.length === 0) return [ok('clocks', `as here in ${beating.length} of ${beating.length} workers`)];
  return apart.map(({ hostname, driftMs }) =>
    warn(
      'clocks',
      `${hostname} is ${Math.abs(driftMs / 1000).toFixed(1)} s ${driftMs > 0 ? 'ahead' : 'behind'}`,
      'Keep the clocks of all machines by NTP: eta, expires and beat go by them.',
    ),
  );
}

export function checkVersions({ reports }: WorkersSeen): readonly Finding[] {
  const versions = new Map<string, string[]>();
  for (const { hostname, value } of reports) {
    const found = /software -> (\S+?):(\S+)/.exec(typeof value === 'string' ? value : '');
    if (found === null) continue;
    const version = `${found[1]} ${found[2]}`;
    versions.set(version, [...(versions.get(version) ?? []), hostname]);
  }
  if (versions.size === 0) return [];
  const ours = [...versions.keys()].filter((version) => version.startsWith('nestjs-celery '));
  const shown = [...versions].map(([version, nodes]) => `${version} (${nodes.join(', ')})`).join('; ');
  const differ = ours.some((version) => version !== `nestjs-celery ${VERSION}`);
  return differ
    ? [warn('versions', `${shown}; this command is ${VERSION}`, 'Deploy one version everywhere.')]
    : [ok('versions', shown)];
}

/** Tasks of the application that no worker has. @param own undefined: there is no application here */
export function checkTasks(
  { registered }: WorkersSeen,
  own: readonly string[] | undefined,
): readonly Finding[] {
  if (own === undefined || registered.length === 0) return [];
  const known = new Set(
    registered
      .flatMap(({ value }) => (Array.isArray(value) ? value : []))
      .map((name) => name.split(' ')[0] ?? name),
  );
  const missing = own.filter((name) => !known.has(name));
  if (missing.length === 0) return [ok('tasks', `workers have all ${own.length} of the application`)];
  return missing.map((name) => {
    const meant = nearest(name, known);
    return warn(
      'tasks',
      `no worker has ${name}${meant === undefined ? '' : ` (but ${meant})`}`,
      'Is its provider in the module that the worker starts? Was the worker restarted after the last build?',
    );
  });
}

export interface QueueSeen {
  readonly name: string;
  readonly ready: number;
  readonly quarantined: number;
}

export function checkQueues(seen: readonly QueueSeen[], { queues }: WorkersSeen): readonly Finding[] {
  const consumed = new Set(
    queues.flatMap(({ value }) => (Array.isArray(value) ? value : [])).map(({ name }) => name),
  );
  const found: Finding[] = [];
  for (const { name, ready, quarantined } of seen) {
    if (ready > 0 && !consumed.has(name)) {
      found.push(
        warn(
          'queues',
          `${ready === 1 ? '1 message waits' : `${ready} messages wait`} in ${name}, and no worker consumes it`,
          `nest-celery worker -Q ${name}`,
        ),
      );
    }
    if (quarantined > 0) {
      found.push(
        warn(
          'quarantine',
          `${quarantined === 1 ? '1 message' : `${quarantined} messages`} of ${name} could not be run`,
          `nest-celery quarantine list -Q ${name}`,
        ),
      );
    }
  }
  return found.length > 0
    ? found
    : [ok('queues', seen.map(({ name, ready }) => `${name} ${ready}`).join(', '))];
}
