import { duration, integer, isOn, names, refused, text, word } from '../flag.js';
import { usage } from '../usage.js';
import { LOG_FLAGS } from '../log.flags.js';
import { POOLS } from '../pools.js';

export const workerUsage = usage({
  details:
    'Options of the command win over those that the application gives. SIGTERM or SIGINT stops it warmly: it takes no more tasks and ' +
    'lets running ones end; a second signal hurries.',
  args: {},
  flags: {
    queues: names('-Q, --queues <names>', 'queues to consume (default: all of taskQueues, else celery)'),
    excludeQueues: names('-X, --exclude-queues <names>', 'queues to leave out'),
    concurrency: integer('-c, --concurrency <number>', 'tasks run at once (default: number of CPUs)', 1),
    pool: word('-P, --pool <kind>', `${POOLS.join(', ')} (default: async)`, POOLS),
    hostname: text('-n, --hostname <name>', 'node name: w1@%h; %h host, %n its first part, %d its domain'),
    events: isOn('-E, --task-events', 'tell monitors about every task'),
    scheduling: word('-O, --optimization <profile>', 'default or fair: a worker here is always fair', [
      'default',
      'fair',
    ]),
    autoscale: text('--autoscale <max,min>', 'as many at once as there is work, between these: 10,3'),
    prefetchMultiplier: integer(
      '--prefetch-multiplier <number>',
      'messages taken ahead, for each of -c (default: 4)',
    ),
    disablePrefetch: isOn('--disable-prefetch', 'take a message only when a slot is free for it'),
    maxTasks: integer('--max-tasks <number>', 'stop warmly after so many tasks', 1),
    maxTasksPerChild: integer('--max-tasks-per-child <number>', 'a child is replaced after so many tasks', 1),
    maxMemoryPerChild: integer('--max-memory-per-child <KiB>', 'a child that holds more is replaced', 1),
    timeLimit: duration('--time-limit <time>', 'a task that runs longer is killed'),
    softTimeLimit: duration('--soft-time-limit <time>', 'a task that runs longer is asked to stop'),
    heartbeatInterval: duration('--heartbeat-interval <time>', 'between two heartbeats (default: 2s)'),
    withoutHeartbeat: isOn('--without-heartbeat', 'send no heartbeats'),
    withoutGossip: isOn('--without-gossip', 'do not watch other workers'),
    withoutMingle: isOn('--without-mingle', 'do not ask other workers at the start'),
    withoutRemoteControl: isOn('--without-remote-control', 'heed no commands'),
    purge: isOn('--purge', 'remove all waiting messages of its queues first; asks'),
    discard: isOn('--discard', 'the same as --purge'),
    force: isOn('--force', 'do not ask before --purge'),
    grace: duration('--shutdown-grace <time>', 'how long running tasks have to end (default: 25s)'),
    softGrace: duration(
      '--soft-shutdown-timeout <time>',
      'the same after SIGQUIT, or a second signal (default: 0s)',
    ),
    pidfile: text(
      '--pidfile <file>',
      'file for the process id; a living worker that holds it keeps this one from starting',
    ),
    statedb: text(
      '-S, --statedb <file>',
      'keeps which tasks are revoked over a restart; one for each worker: /var/lib/w1@%h.state',
    ),
    healthPort: integer('--health-port <port>', 'answers GET /live and /ready there, for probes'),
    healthHost: text('--health-host <host>', 'on this address (default: 127.0.0.1; all: 0.0.0.0)'),
    healthFile: text('--health-file <file>', 'file it writes how it is to, for `nest-celery health`'),
    ...LOG_FLAGS,
    beat: isOn('-B, --beat', 'send periodic tasks too'),
    schedule: text('-s, --schedule <store>', 'where -B keeps how far it is: a file, or redis://…'),
    scheduler: refused(
      '--scheduler <class>',
      'what periodic tasks there are is the application’s; where they are kept says --schedule.',
    ),
    withoutBanner: isOn('--without-banner', 'no banner'),
    detach: refused('-D, --detach', 'let systemd, a container or pm2 run it in the background.'),
    logfile: refused(
      '-f, --logfile <file>',
      'it writes to stdout; let the shell or the service manager put that into a file.',
    ),
    include: refused('-I, --include <modules>', 'import them in the module of the application.'),
    uid: refused('--uid <user>', 'let the service manager choose the user.'),
    gid: refused('--gid <group>', 'let the service manager choose the group.'),
    umask: refused('--umask <mask>', 'let the service manager choose the mask.'),
    executable: refused('--executable <file>', 'run nest-celery with the Node that is meant.'),
  },
  examples: [
    'nest-celery worker -A dist/app.module.js -Q mail,slow -c 20',
    'nest-celery worker -P prefork --autoscale 8,2 --max-tasks-per-child 1000 -n w1@%h -E',
    'nest-celery worker --health-port 8080 --health-host 0.0.0.0',
    'nest-celery worker --health-file /tmp/worker.health',
  ],
});
