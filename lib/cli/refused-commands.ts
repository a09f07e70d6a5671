/** Commands of Celery's that are not here, and what to do instead. */
export const REFUSED_COMMANDS: ReadonlyMap<string, string> = new Map([
  [
    'multi',
    'let systemd, a container orchestrator or pm2 start several workers: `nest-celery worker -n w1@%h`.',
  ],
  ['migrate', 'messages are moved by RabbitMQ’s shovel, or by the Python command on the same broker.'],
  ['amqp', 'use rabbitmqadmin, or the Python command on the same broker.'],
  ['upgrade', 'it rewrites settings of Python projects.'],
  ['logtool', 'write logs as JSON (--log-format json) and read them with jq.'],
]);

/** The same of remote control. */
export const REFUSED_REMOTE: ReadonlyMap<string, string> = new Map([
  [
    'objgraph',
    'it draws the objects of a Python process. `inspect memsample` tells how much memory is used.',
  ],
  ['election', 'workers hold elections among themselves; a Python worker that is alone would end over one.'],
  ['hello', 'workers say it to each other. `inspect ping` asks whether they are there.'],
]);
