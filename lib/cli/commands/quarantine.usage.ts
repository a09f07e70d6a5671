import { duration, integer, isOn, names, text } from '../flag.js';
import { one, some, usage } from '../usage.js';

const WHERE = {
  queues: names(
    '-Q, --queues <names>',
    'what was moved out of these queues (default: those of the application and of the workers)',
  ),
  deadLetters: names('--dead-letters <names>', 'what lies in these dead-letter queues instead'),
  timeout: duration('-t, --timeout <time>', 'how long workers may take to name their queues (default: 1s)'),
} as const;

const WHICH = {
  task: text('--task <pattern>', 'of these tasks only: mail.*'),
  reason: text('--reason <text>', 'with this in the reason only'),
  limit: integer('-n, --limit <number>', 'so many at most', 1),
} as const;

export const quarantineListUsage = usage({
  args: {},
  flags: { ...WHERE, ...WHICH },
  examples: [
    'nest-celery quarantine list -Q mail',
    'nest-celery quarantine list --dead-letters mail.dead --json',
  ],
});

export const quarantineShowUsage = usage({
  args: { id: one('id', 'id of the task') },
  flags: WHERE,
  examples: ['nest-celery quarantine show 1f6e0c5a-… -Q mail'],
});

export const quarantineReplayUsage = usage({
  args: { ids: some('ids', 'ids of tasks (default: all that match)') },
  flags: {
    ...WHERE,
    ...WHICH,
    rate: text('--rate <rate>', 'so many: 10/s, 100/m'),
  },
  examples: [
    'nest-celery quarantine replay 1f6e0c5a-… -Q mail',
    'nest-celery quarantine replay -Q mail --task mail.* --rate 10/s',
  ],
});

export const quarantineDiscardUsage = usage({
  args: { ids: some('ids', 'ids of tasks (default: all that match)') },
  flags: { ...WHERE, ...WHICH, force: isOn('-f, --force', 'do not ask') },
  examples: ['nest-celery quarantine discard -Q mail --reason "not registered" -f'],
});
