import { duration, isOn, text } from '../flag.js';
import { one, usage } from '../usage.js';

export const resultUsage = usage({
  details: 'Waits for it at most --timeout. A task that failed gives its error and exit code 1.',
  args: { id: one('id', 'id of the task') },
  flags: {
    timeout: duration('-t, --timeout <time>', 'how long to wait (default: 10s; 0: not at all)'),
    wait: isOn('--wait', 'wait as long as it takes'),
    traceback: isOn('--traceback', 'the traceback instead of the result'),
    children: isOn('--children', 'what the task has sent, with their states'),
    task: text('--task <name>', 'name of the task; ids say enough, so it is not needed'),
  },
  examples: ['nest-celery result 1f6e0c5a-…', 'nest-celery result 1f6e0c5a-… --traceback'],
});
