import { duration, integer, isOn, jsonList, jsonObject, text } from '../flag.js';
import { one, usage } from '../usage.js';

export const callUsage = usage({
  details:
    'Needs no application: name and arguments go on the wire as they are. With -A its routes and queues count. ' +
    'A name that no worker and no application here knows is sent all the same, with a warning; --strict refuses it.',
  args: { task: one('task', 'name of the task') },
  flags: {
    args: jsonList('-a, --args <json>', 'arguments, a JSON list'),
    kwargs: jsonObject('-k, --kwargs <json>', 'keyword arguments, a JSON object'),
    countdown: duration('--countdown <time>', 'run no earlier than this from now: 10 (seconds), 5m, 2h'),
    eta: text('--eta <time>', 'run no earlier than this instant, ISO 8601'),
    expires: text('--expires <time>', 'do not run later than this: seconds, 5m, or an instant in ISO 8601'),
    queue: text('--queue <name>', 'queue to send it to'),
    exchange: text('--exchange <name>', 'exchange to send it to'),
    routingKey: text('--routing-key <key>', 'its routing key'),
    serializer: text('--serializer <name>', 'json (default), msgpack or yaml'),
    priority: integer('--priority <number>', '0 to 9'),
    taskId: text('--task-id <id>', 'id of the task (default: a random one)'),
    wait: isOn('--wait', 'wait for the result and print it'),
    timeout: duration('-t, --timeout <time>', 'how long --wait waits (default: 10s)'),
    strict: isOn('--strict', 'refuse a name that is not known, instead of warning'),
  },
  examples: [
    `nest-celery call mail.send -a '["ada@example.com", "Hi"]'`,
    `nest-celery call reports.build -k '{"month": 9}' --countdown 5m --queue slow`,
    `nest-celery call math.add -a '[2, 2]' --wait`,
  ],
});
