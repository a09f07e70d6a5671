import { maybe, usage } from '../usage.js';

export const environmentUsage = usage({
  details:
    'What is given on the command line wins; of several variables of a flag the first that is set counts.',
  args: { command: maybe('command', 'of this one only: call, or "quarantine replay" in quotes') },
  flags: {},
  examples: ['nest-celery environment', 'nest-celery environment worker', 'nest-celery environment --json'],
});
