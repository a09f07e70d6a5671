import type { INestApplicationContext } from '@nestjs/common';
import { InvalidOptionError } from '../errors.js';
import { CeleryApp } from '../nest/celery.app.js';
import { backendUrlOf, readCeleryOptions, type CeleryOptions } from '../nest/celery.options.js';
import { moduleOfProject, readModulePlace, type ModulePlace } from './app-module.js';
import type { Cli } from './cli.js';
import { cliLog, givenOptions, type CliLog } from './given-options.js';

/** An app that a command works with, not yet connected. */
export interface Connected {
  readonly app: CeleryApp;
  /** Undefined: there is no application's code here. */
  readonly place: ModulePlace | undefined;
  /** Of that code. */
  readonly context: INestApplicationContext | undefined;
}

/** What a command needs. */
export interface Needs {
  /** `module`: the application's code; `urls`: nothing of it, but what it says is heeded with `-A`. Default `urls`. */
  readonly from?: 'module' | 'urls';
  /** Refused at once when it cannot be reached. Default true. */
  readonly broker?: boolean;
  readonly backend?: boolean;
  /** Over those of the application and of the flags. */
  readonly options?: CeleryOptions;
  /** Told what the library warns of, instead of stderr. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Opens the app that the command line means, connects it, and closes it again.
 * @throws InvalidOptionError when nothing says which; BrokerUnavailableError, BackendUnavailableError after one attempt
 */
export async function withApp<T>(
  cli: Cli,
  { from = 'urls', broker = true, backend = false, options = {}, onWarning }: Needs,
  work: (connected: Connected) => Promise<T>,
): Promise<T> {
  const place = modulePlace(cli, from);
  const log = cliLog(cli, onWarning);
  const opened =
    place === undefined ? await openByUrls(options, log, cli) : await openModule(place, options, log, cli);
  try {
    if (broker) await opened.app.broker.connect({ failFast: true });
    if (backend) await opened.app.backend?.connect({ failFast: true });
    log.speak();
    return await work({ app: opened.app, place, context: opened.context });
  } finally {
    await opened.close();
  }
}

/** `-A` is always heeded; what nest-cli.json says only where no URL is given, or code is needed. @throws InvalidOptionError */
export function modulePlace(cli: Cli, from: 'module' | 'urls'): ModulePlace | undefined {
  const { app, broker } = cli.globals;
  if (app !== undefined) return readModulePlace(app, cli.folder);
  if (from === 'urls' && broker !== undefined) return undefined;
  const found = moduleOfProject(cli.folder);
  if (found !== undefined || from === 'urls') return found;
  throw new InvalidOptionError(
    '--app',
    'is needed here: the module of the application, such as -A dist/app.module.js. (No nest-cli.json here says where it is, or the application is not built.)',
  );
}

interface Opened {
  readonly app: CeleryApp;
  readonly context: INestApplicationContext | undefined;
  close(): Promise<void>;
}

async function openByUrls(more: CeleryOptions, log: CliLog, cli: Cli): Promise<Opened> {
  if (cli.globals.broker === undefined) {
    throw new InvalidOptionError(
      '--broker',
      'is needed here, such as -b amqp://localhost or -b redis://localhost:6379/0. Set CELERY_BROKER_URL, or name the application: -A dist/app.module.js',
    );
  }
  const app = await CeleryApp.open(readCeleryOptions({ ...givenOptions(cli), ...more }), {
    log,
    clock: cli.clock,
  });
  return { app, context: undefined, close: () => app.close() };
}

async function openModule(place: ModulePlace, more: CeleryOptions, log: CliLog, cli: Cli): Promise<Opened> {
  const { openNest } = await import('./nest-app.js');
  const { host, context } = await openNest(place, more, log, cli);
  return { app: host.app, context, close: () => context.close() };
}

/** For people: without credentials. */
export function shownBackend(app: CeleryApp): string {
  return app.backend?.url ?? (backendUrlOf(app.config) === 'disabled://' ? 'none' : backendUrlOf(app.config));
}
