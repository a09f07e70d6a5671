import { ASK_FLAGS } from '../ask-flags.js';
import { isOn } from '../flag.js';
import { usage } from '../usage.js';

export const statusUsage = usage({
  args: {},
  flags: {
    ...ASK_FLAGS,
    compatJson: isOn('--compat-json', 'the JSON that celery prints with --json'),
  },
  examples: ['nest-celery status', 'nest-celery status --json -t 3s', 'nest-celery status -d w1@api-1'],
});
