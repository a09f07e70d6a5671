import { duration, isOn, names } from '../flag.js';
import { usage } from '../usage.js';

export const queuesUsage = usage({
  details:
    'READY wait for a worker; AGE is the time since the oldest of them was sent, where messages say so: ours do, Python sets ' +
    'none. RabbitMQ shows nobody what waits: there ≤ says that all of it was sent since then, as our workers know. UNACKED are ' +
    'held by workers and come back if those die (Redis knows them; RabbitMQ shows them in its management only); CONSUMERS as ' +
    'the broker counts them (RabbitMQ only); WORKERS are those that say they consume the queue.',
  args: {},
  flags: {
    queues: names(
      '-Q, --queues <names>',
      'these queues (default: those of the application and of the workers)',
    ),
    excludeQueues: names('-X, --exclude-queues <names>', 'all but these'),
    withoutWorkers: isOn('--without-workers', 'do not ask the workers'),
    timeout: duration('-t, --timeout <time>', 'how long workers may take to answer (default: 1s)'),
    watch: duration('-w, --watch [interval]', 'again and again (every 2s)', '2s'),
  },
  examples: ['nest-celery queues -Q mail,slow', 'nest-celery queues --watch=5s', 'nest-celery queues --json'],
});
