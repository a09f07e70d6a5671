import { duration, isOn } from '../flag.js';
import { usage } from '../usage.js';

export const tasksUsage = usage({
  details:
    'With -A (or nest-cli.json) those of the application: no broker is needed. Else, or with --workers, the workers are asked.',
  args: {},
  flags: {
    workers: isOn('--workers', 'ask the workers'),
    timeout: duration('-t, --timeout <time>', 'how long workers may take to answer (default: 1s)'),
  },
  examples: ['nest-celery tasks', 'nest-celery tasks --workers --json'],
});
