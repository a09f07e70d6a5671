import { duration } from '../flag.js';
import { usage } from '../usage.js';

export const doctorUsage = usage({
  details:
    'Changes nothing. Each check is a line: ok, warn or fail, and the way out. Exit code 1 when one fails, 69 without a broker.',
  args: {},
  flags: { timeout: duration('-t, --timeout <time>', 'how long workers may take to answer (default: 1s)') },
  examples: ['nest-celery doctor -A dist/app.module.js', 'nest-celery doctor -b amqp://localhost --json'],
});
