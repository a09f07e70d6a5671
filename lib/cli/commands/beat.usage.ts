import { duration, isOn, refused, text } from '../flag.js';
import { LOG_FLAGS } from '../log.flags.js';
import { usage } from '../usage.js';

export const beatUsage = usage({
  details: 'Any number of them may run on one store: one sends, the others wait for their turn.',
  args: {},
  flags: {
    schedule: text(
      '-s, --schedule <store>',
      'where entries are kept: a file, or redis://… (default: as the application says)',
    ),
    maxInterval: duration('--max-interval <time>', 'longest sleep between two looks (default: 5s)'),
    pidfile: text(
      '--pidfile <file>',
      'file for the process id; a living beat that holds it keeps this one from starting',
    ),
    ...LOG_FLAGS,
    withoutBanner: isOn('--without-banner', 'no banner'),
    scheduler: refused(
      '-S, --scheduler <class>',
      'what periodic tasks there are is the application’s; where they are kept says --schedule.',
    ),
    detach: refused('--detach', 'let systemd, a container or pm2 run it in the background.'),
    logfile: refused(
      '-f, --logfile <file>',
      'it writes to stdout; let the shell or the service manager put that into a file.',
    ),
    uid: refused('--uid <user>', 'let the service manager choose the user.'),
    gid: refused('--gid <group>', 'let the service manager choose the group.'),
    umask: refused('--umask <mask>', 'let the service manager choose the mask.'),
  },
  examples: ['nest-celery beat -A dist/app.module.js', 'nest-celery beat -s redis://localhost:6379/2'],
});
