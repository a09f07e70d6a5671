import {
  Global,
  Module,
  type INestApplicationContext,
  type LoggerService,
  type Provider,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InvalidOptionError } from '../errors.js';
import { CeleryHost } from '../nest/celery.host.js';
import type { CeleryOptions } from '../nest/celery.options.js';
import { REPLACEMENTS, type Replacements } from '../nest/replacements.js';
import { getCeleryToken } from '../tokens.js';
import { loadModule, type ModulePlace } from './app-module.js';
import type { Cli } from './cli.js';
import { givenOptions, type CliLog } from './given-options.js';

export interface OpenedNest {
  readonly context: INestApplicationContext;
  readonly host: CeleryHost;
}

/**
 * The application's context, without the worker it may have in its own process.
 * @throws what creating it throws; InvalidOptionError when it has no such `CeleryModule`
 */
export async function openNest(
  place: ModulePlace,
  more: CeleryOptions,
  log: CliLog,
  cli: Cli,
): Promise<OpenedNest> {
  const module = withReplacements(await loadModule(place, cli.folder), {
    ...givenOptions(cli),
    ...more,
    worker: false,
    beat: false,
  });
  const context = await NestFactory.createApplicationContext(module, {
    abortOnError: false,
    logger: stderrLogger(log),
  });
  try {
    return { context, host: hostIn(context, cli) };
  } catch (error) {
    await context.close();
    throw error;
  }
}

/**
 * The module, with options over those that it gives to `CeleryModule`.
 * @param providers further ones, started before everything of Celery's
 */
export function withReplacements(
  module: Type,
  options: Replacements['options'],
  providers: Provider[] = [],
): Type {
  const replacements: Replacements = { options, surroundings: {} };

  @Global()
  @Module({ providers: [{ provide: REPLACEMENTS, useValue: replacements }], exports: [REPLACEMENTS] })
  class CommandLineOptions {}

  @Module({ imports: [CommandLineOptions, module], providers })
  class CommandLine {}

  return CommandLine;
}

export function hostIn(
  context: Pick<INestApplicationContext, 'get'>,
  { globals: { appName } }: Cli,
): CeleryHost {
  let found: unknown;
  try {
    found = context.get(getCeleryToken(appName), { strict: false });
  } catch {
    found = undefined;
  }
  if (found instanceof CeleryHost) return found;
  throw new InvalidOptionError(
    appName === undefined ? '--app' : '--app-name',
    appName === undefined
      ? 'the module imports no CeleryModule without a name. Import CeleryModule.forRoot(), or say which with --app-name.'
      : `no CeleryModule.forRoot({ name: ${JSON.stringify(appName)} }) is imported.`,
  );
}

/** Stdout is for answers: what the application says itself is told on stderr, from warnings up. */
function stderrLogger(log: CliLog): LoggerService {
  const error = (message: unknown): void => log.error(String(message));
  return {
    log: () => undefined,
    warn: (message: unknown) => log.warn(String(message)),
    error,
    fatal: error,
  };
}
