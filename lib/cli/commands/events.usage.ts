import { duration, isOn, names, refused } from '../flag.js';
import { usage } from '../usage.js';

export const eventsUsage = usage({
  details:
    'On a screen: workers above, the latest tasks below. Elsewhere, or with --dump, one line for each event; with --json one JSON object on each line. ' +
    'Workers tell of tasks when they were started with -E, or told to: nest-celery control enable_events.',
  args: {},
  flags: {
    dump: isOn('-d, --dump', 'lines instead of the screen'),
    types: names('--types <types>', 'these events only: task-failed,task-retried,worker-offline'),
    limit: duration('--for <time>', 'end after this time'),
    enable: isOn('-e, --enable', 'tell the workers first to tell of their tasks'),
    camera: refused('-c, --camera <class>', 'read `nest-celery events --json` instead.'),
    frequency: refused('-F, --frequency <seconds>', 'it belongs to --camera.'),
    maxrate: refused('-r, --maxrate <rate>', 'it belongs to --camera.'),
    detach: refused('--detach', 'let a service manager run it in the background.'),
  },
  examples: [
    'nest-celery events',
    'nest-celery events --dump --types task-failed',
    'nest-celery events --json | jq .',
  ],
});
