import { usage } from '../usage.js';

export const reportUsage = usage({
  args: {},
  flags: {},
  examples: ['nest-celery report', 'nest-celery report --json'],
});
