import { relative } from 'node:path';
import type { CeleryApp } from '../nest/celery.app.js';
import { VERSION } from '../runtime/version.js';
import type { WorkerConfig } from '../worker/worker.options.js';
import type { ModulePlace } from './app-module.js';
import type { Cli } from './cli.js';
import { shownBackend } from './connection.js';

/** What a worker starts with: Celery's three parts, `[config]`, `[queues]` and `[tasks]`. */
export function banner(
  app: CeleryApp,
  config: WorkerConfig,
  place: ModulePlace,
  { output, folder }: Cli,
): string {
  const { paint } = output;
  const excluded = new Set(config.excludeQueues);
  const queues = app.queues.select(config.queues).filter(({ name }) => !excluded.has(name));
  const tasks = app.tasks.all().map(({ name }) => name);
  const { autoscale, pool, concurrency } = config;
  const size = autoscale === undefined ? String(concurrency) : `${autoscale.min} to ${autoscale.max}`;
  const pools = [...config.pools].map(([name, each]) => `, ${name}: ${each.concurrency} (${each.pool})`);
  const rows: readonly (readonly [string, string])[] = [
    ['app', `${relative(folder, place.file)} (${place.from})`],
    ['transport', app.broker.url],
    ['results', shownBackend(app)],
    ['concurrency', `${size} (${pool})${pools.join('')}`],
    ['task events', config.sendEvents ? 'on' : 'off (-E turns them on)'],
  ];
  const width = Math.max(...queues.map(({ name }) => name.length));
  return [
    `${paint('green', 'nest-celery')} ${VERSION}  ${paint('bold', config.hostname)}  ${process.platform}-${process.arch}, node ${process.versions.node}`,
    '',
    paint('bold', '[config]'),
    ...rows.map(([name, value]) => `  .> ${`${name}:`.padEnd(13)}${value}`),
    '',
    paint('bold', '[queues]'),
    ...queues.map(
      ({ name, exchange, routingKey }) =>
        `  .> ${name.padEnd(width)}  exchange=${exchange?.name ?? ''}(${exchange?.type ?? 'direct'}) key=${routingKey}`,
    ),
    '',
    paint('bold', '[tasks]'),
    ...tasks.toSorted().map((name) => `  . ${name}`),
    '',
    '',
  ].join('\n');
}
