import { ConsoleLogger, type LoggerService, type LogLevel } from '@nestjs/common';
import type { Cli } from './cli.js';

/** Celery's words for levels, and what of Nest's is shown. */
const LEVELS = {
  debug: ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'],
  info: ['log', 'warn', 'error', 'fatal'],
  warning: ['warn', 'error', 'fatal'],
  error: ['error', 'fatal'],
  critical: ['fatal'],
  silent: [],
} as const satisfies Record<string, readonly LogLevel[]>;

export interface LogChoice {
  readonly loglevel: keyof typeof LEVELS | undefined;
  readonly logFormat: 'pretty' | 'json' | undefined;
}

/** What Nest says of every module while it starts; shown with `-l debug` only. */
const START_UP: ReadonlySet<unknown> = new Set(['InstanceLoader', 'NestFactory']);

/** Nest's own console logger, as the flags say. */
export function nestLogger(
  { loglevel = 'info', logFormat }: LogChoice,
  { terminal, globals }: Cli,
): LoggerService {
  const json = logFormat === 'json';
  const colors = !json && terminal.colours && !globals.noColor;
  const logger = new ConsoleLogger({ logLevels: [...LEVELS[loglevel]], json, colors });
  if (loglevel === 'debug') return logger;
  return {
    log(message: unknown, ...rest: unknown[]) {
      if (!START_UP.has(rest.at(-1))) logger.log(message, ...rest);
    },
    warn: logger.warn.bind(logger),
    error: logger.error.bind(logger),
    fatal: logger.fatal.bind(logger),
    debug: logger.debug.bind(logger),
    verbose: logger.verbose.bind(logger),
  };
}
