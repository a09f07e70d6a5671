import { isOn, text } from './flag.js';

/** What every command takes, before its name (as with `celery`) or after it. */
export const GLOBAL_FLAGS = {
  app: text(
    '-A, --app <path>',
    'module of the application, compiled: dist/app.module.js or dist/app.module.js#AppModule (default: as nest-cli.json says)',
    { env: ['CELERY_APP'] },
  ),
  appName: text(
    '--app-name <name>',
    'which CeleryModule of the application, where it has several named ones',
  ),
  broker: text('-b, --broker <url>', 'URL of the broker', { env: ['CELERY_BROKER_URL', 'BROKER_URL'] }),
  resultBackend: text('--result-backend <url>', 'URL of the result backend', {
    env: ['CELERY_RESULT_BACKEND'],
  }),
  workdir: text('--workdir <folder>', 'folder to work in'),
  json: isOn('-j, --json', 'pure JSON on stdout, and nothing else'),
  noColor: isOn('-C, --no-color', 'no colours (also NO_COLOR)'),
  quiet: isOn('-q, --quiet', 'no notes on stderr, errors only'),
  debug: isOn('--debug', 'stacks of errors'),
} as const;
