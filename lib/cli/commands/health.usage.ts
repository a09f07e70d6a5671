import { duration, isOn, text } from '../flag.js';
import { usage } from '../usage.js';

export const healthUsage = usage({
  details:
    'Reads what `nest-celery worker --health-file <file>` writes. A worker that waits for its broker is alive: restarting it would help nobody. ' +
    '--ready asks for its connection too.',
  args: {},
  flags: {
    file: text('--health-file <file>', 'the file that the worker writes', {
      env: ['NEST_CELERY_WORKER_HEALTH_FILE'],
    }),
    maxAge: duration('--max-age <time>', 'older than this, its event loop has stopped (default: 30s)'),
    ready: isOn('--ready', 'it must be connected and consuming as well'),
  },
  examples: ['nest-celery health --health-file /tmp/worker.health'],
});
