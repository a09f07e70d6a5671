import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InvalidOptionError } from '../../errors.js';
import { CeleryFactory } from '../../nest/celery.factory.js';
import type { CeleryHost } from '../../nest/celery.host.js';
import type { Duration } from '../../runtime/duration.js';
import type { HealthOptions } from '../../worker/health/health.options.js';
import { readWorkerOptions, type WorkerOptions } from '../../worker/worker.options.js';
import { loadModule, type ModulePlace } from '../app-module.js';
import { banner } from '../banner.js';
import type { Cli } from '../cli.js';
import { confirmed } from '../confirm.js';
import { modulePlace } from '../connection.js';
import { EXIT } from '../exit-code.js';
import { givenOptions, storeOption } from '../given-options.js';
import { hostIn, withReplacements } from '../nest-app.js';
import { nestLogger } from '../nest-logger.js';
import { chosenQueues } from '../queue-names.js';
import type { GivenTo } from '../usage.js';
import type { workerUsage } from './worker.usage.js';

type Flags = GivenTo<typeof workerUsage>['flags'];

export async function run({ flags }: GivenTo<typeof workerUsage>, cli: Cli): Promise<number> {
  const place = modulePlace(cli, 'module');
  if (place === undefined) return EXIT.usage;
  const options = workerOptions(flags);
  // Refused before anything is started.
  readWorkerOptions(options);
  const isChild = CeleryFactory.isPoolChild;
  const before = isChild ? [] : [beforeWorker({ flags, options, place, cli })];
  const module = withReplacements(
    await loadModule(place, cli.folder),
    { ...givenOptions(cli), ...storeOption(flags.schedule) },
    before,
  );
  const { appName } = cli.globals;
  const worker = await CeleryFactory.createWorker(module, {
    ...options,
    ...(appName === undefined ? {} : { app: appName }),
    ...(flags.pidfile === undefined ? {} : { pidFile: flags.pidfile }),
    ...(flags.beat ? { beat: true } : {}),
    // A child of a pool has a quiet one of its own, as long as nothing else is asked for.
    ...(isChild && flags.loglevel === undefined && flags.logFormat === undefined
      ? {}
      : { logger: nestLogger(flags, cli) }),
  });
  await worker.run();
  // A signal may have said another one.
  return Number(process.exitCode ?? EXIT.ok);
}

/** What the flags say; what they do not say the application decides. */
export function workerOptions(flags: Flags): WorkerOptions {
  const { queues, excludeQueues, concurrency, pool, hostname, prefetchMultiplier } = flags;
  const given = {
    queues,
    excludeQueues,
    concurrency,
    pool: pool === 'processes' ? ('prefork' as const) : pool,
    hostname,
    prefetchMultiplier,
    autoscale: flags.autoscale === undefined ? undefined : readAutoscale(flags.autoscale),
    disablePrefetch: flags.disablePrefetch || undefined,
    maxTasks: flags.maxTasks,
    maxTasksPerChild: flags.maxTasksPerChild,
    maxMemoryPerChild: flags.maxMemoryPerChild,
    timeLimit: wait(flags.timeLimit),
    softTimeLimit: wait(flags.softTimeLimit),
    heartbeatInterval: flags.withoutHeartbeat ? 0 : wait(flags.heartbeatInterval),
    shutdownGrace: wait(flags.grace),
    softShutdownTimeout: wait(flags.softGrace),
    sendEvents: flags.events || undefined,
    remoteControl: flags.withoutRemoteControl ? false : undefined,
    gossip: flags.withoutGossip ? false : undefined,
    mingle: flags.withoutMingle ? false : undefined,
    stateDb: flags.statedb,
    health: healthOf(flags),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Undefined: no flag says anything of it. */
function healthOf({
  healthPort: port,
  healthHost: host,
  healthFile: file,
}: Flags): HealthOptions | undefined {
  if (host !== undefined && port === undefined) {
    throw new InvalidOptionError('--health-host', 'needs --health-port: the port on that address.');
  }
  const given = {
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(file === undefined ? {} : { file }),
  };
  return Object.keys(given).length === 0 ? undefined : given;
}

/** Celery's `max,min`; the least is 1 where it is not said. */
function readAutoscale(written: string): { readonly max: number; readonly min: number } {
  const [max = NaN, min = 1] = written
    .split(',')
    .map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : NaN));
  if (max >= min && min >= 1 && written.split(',').length <= 2) return { max, min };
  throw new InvalidOptionError(
    '--autoscale',
    `expected the most and the least, such as 10,3, got ${JSON.stringify(written)}`,
  );
}

function wait(ms: number | undefined): Duration | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}

interface Start {
  readonly flags: Flags;
  readonly options: WorkerOptions;
  readonly place: ModulePlace;
  readonly cli: Cli;
}

/** What is done when the application stands and its worker does not yet: the queues are emptied if need be, the banner shown. */
function beforeWorker(start: Start): new (...args: never[]) => OnApplicationBootstrap {
  @Injectable()
  class BeforeWorker implements OnApplicationBootstrap {
    constructor(@Inject(ModuleRef) private readonly moduleRef: ModuleRef) {}

    async onApplicationBootstrap(): Promise<void> {
      const host = hostIn(this.moduleRef, start.cli);
      if (start.flags.purge || start.flags.discard) await purge(host, start);
      showBanner(host, start);
    }
  }
  return BeforeWorker;
}

async function purge({ app }: CeleryHost, { flags, cli }: Start): Promise<void> {
  const names = chosenQueues(app, flags).map(({ name }) => name);
  const question = `This removes all messages that wait in ${names.join(', ')} of ${app.broker.url}. Go on?`;
  if (!(await confirmed(question, flags.force, cli))) return;
  await app.broker.connect({ failFast: true });
  const removed = await Promise.all(names.map((name) => app.broker.purge(name)));
  cli.output.note(`Purged ${removed.reduce((sum, count) => sum + count, 0)} messages.`);
}

function showBanner(host: CeleryHost, { flags, options, place, cli }: Start): void {
  if (flags.withoutBanner || flags.logFormat === 'json' || cli.globals.quiet) return;
  host.explore();
  cli.output.raw(banner(host.app, host.workerConfig(options), place, cli));
}
