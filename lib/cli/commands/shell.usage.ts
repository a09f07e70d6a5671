import { refused, text } from '../flag.js';
import { usage } from '../usage.js';

export const shellUsage = usage({
  details:
    'With the code of an application also get(Provider) and every task under tasks: await tasks["mail.send"].delay("ada").',
  args: {},
  flags: {
    evaluate: text('-e, --eval <code>', 'run this, print what it gives, and end'),
    ipython: refused('-I, --ipython', 'this is Node’s own REPL.'),
    bpython: refused('-B, --bpython', 'this is Node’s own REPL.'),
    python: refused('-P, --python', 'this is Node’s own REPL.'),
    withoutTasks: refused('-T, --without-tasks', 'tasks stand under `tasks`, in nobody’s way.'),
  },
  examples: [
    'nest-celery shell -A dist/app.module.js',
    `nest-celery shell -b redis://localhost -e "client.result('1f6e').state()"`,
  ],
});
