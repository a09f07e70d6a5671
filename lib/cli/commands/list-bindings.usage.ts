import { usage } from '../usage.js';

export const listBindingsUsage = usage({
  args: {},
  flags: {},
  examples: ['nest-celery list bindings -A dist/app.module.js'],
});
