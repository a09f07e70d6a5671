import { isOn, names } from '../flag.js';
import { usage } from '../usage.js';

export const purgeUsage = usage({
  details:
    'Asks first. Where nobody can be asked it removes nothing unless --force is given. Messages that workers hold already are theirs.',
  args: {},
  flags: {
    force: isOn('-f, --force', 'do not ask'),
    queues: names('-Q, --queues <names>', 'these queues (default: those of the application, else celery)'),
    excludeQueues: names('-X, --exclude-queues <names>', 'all but these'),
  },
  examples: ['nest-celery purge -Q mail', 'nest-celery purge -A dist/app.module.js -X payments -f'],
});
