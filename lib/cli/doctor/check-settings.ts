import type { CeleryConfig } from '../../nest/celery.options.js';
import { ok, warn, type Finding } from './check.js';

/** Settings that are allowed and yet are seldom meant. */
export function checkSettings(config: CeleryConfig): readonly Finding[] {
  const found: Finding[] = [];
  if (config.taskAlwaysEager) {
    found.push(
      warn('taskAlwaysEager', 'tasks run where they are sent; workers get none', 'Keep it for tests only.'),
    );
  }
  if (config.broker.some((url) => url.startsWith('memory:'))) {
    found.push(
      warn(
        'broker',
        'memory:// is embedded: other processes, this command among them, cannot reach its queues',
        'Set broker to amqp://… or redis://… where there are several processes.',
      ),
    );
  }
  if (
    config.backend?.startsWith('memory:') === true &&
    !config.broker.some((url) => url.startsWith('memory:'))
  ) {
    found.push(
      warn(
        'result backend',
        'memory:// keeps results in the worker’s own process, where no client finds them',
        'Set backend to redis://… or rpc://.',
      ),
    );
  }
  if (process.env['NODE_ENV'] === 'production' && config.broker.some((url) => /\/\/guest:guest@/.test(url))) {
    found.push(
      warn('broker', 'guest:guest in production', 'Give the application a user of its own in RabbitMQ.'),
    );
  }
  return found.length > 0 ? found : [ok('settings', 'nothing unusual')];
}
