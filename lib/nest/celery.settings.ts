import { isDeepStrictEqual } from 'node:util';
import type { Field } from '../runtime/options.js';
import type { Settings } from '../worker/control/host.js';
import { readWorkerOptions, workerFields, type WorkerConfig } from '../worker/worker.options.js';
import { celeryFields, readCeleryOptions, type CeleryConfig } from './celery.options.js';

/** Celery's names where they are not ours in snake_case. */
const NAMES: Readonly<Record<string, string>> = {
  broker: 'broker_url',
  backend: 'result_backend',
  hostname: 'worker_hostname',
  sendEvents: 'worker_send_task_events',
  remoteControl: 'worker_enable_remote_control',
  timeLimit: 'task_time_limit',
  softTimeLimit: 'task_soft_time_limit',
  resultExtended: 'result_extended',
};

/** Shown whether they were set or not. */
const ALWAYS: ReadonlySet<string> = new Set(['broker_url', 'result_backend']);

/** Settings of a worker and its app in Celery's names and units, for `inspect conf` and bug reports. */
export function settingsOf(config: CeleryConfig, worker: WorkerConfig): () => Settings {
  return () => {
    const { worker: _worker, workerOptions: _options, ...app } = config;
    const { worker: _noWorker, workerOptions: _noOptions, ...appDefaults } = readCeleryOptions();
    const all = { ...named(app, celeryFields, ''), ...named({ ...worker }, workerFields, 'worker_') };
    const defaults = {
      ...named(appDefaults, celeryFields, ''),
      ...named({ ...readWorkerOptions() }, workerFields, 'worker_'),
    };
    const given = Object.entries(all).filter(
      ([name, value]) => ALWAYS.has(name) || !isDeepStrictEqual(value, defaults[name]),
    );
    return { all, given: Object.fromEntries(given) };
  };
}

function named(
  config: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, Field<unknown>>>,
  prefix: string,
): Record<string, unknown> {
  const entries = Object.entries(config).map(([name, value]) => {
    const celerys = NAMES[name] ?? prefix + name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (name === 'broker' && Array.isArray(value)) return [celerys, value.join(';')];
    return [celerys, typeof value === 'number' && isDuration(fields[name]) ? value / 1000 : value];
  });
  return Object.fromEntries(entries);
}

/** Our code reads durations in ms; Celery's settings are seconds. */
function isDuration(field: Field<unknown> | undefined): boolean {
  try {
    return field?.('7s', 'settings') === 7_000;
  } catch {
    return false;
  }
}
