import * as control from './control.handlers.js';
import * as inspect from './inspect.handlers.js';
import * as revoking from './revoke.handlers.js';
import type { CommandName } from './command-names.js';
import type { CommandHandler } from './host.js';

const HANDLERS: Readonly<Record<CommandName, CommandHandler>> = {
  ping: inspect.ping,
  clock: inspect.clock,
  active: inspect.active,
  dump_active: inspect.active,
  reserved: inspect.reserved,
  dump_reserved: inspect.reserved,
  scheduled: inspect.scheduled,
  dump_schedule: inspect.scheduled,
  revoked: inspect.revoked,
  dump_revoked: inspect.revoked,
  registered: inspect.registered,
  dump_tasks: inspect.registered,
  query_task: inspect.queryTask,
  stats: inspect.stats,
  active_queues: inspect.activeQueues,
  conf: inspect.conf,
  dump_conf: inspect.conf,
  report: inspect.report,
  memsample: inspect.memsample,
  memdump: inspect.memdump,
  hello: inspect.hello,
  revoke: revoking.revoke,
  terminate: revoking.terminate,
  revoke_workflow: revoking.revokeWorkflow,
  revoke_by_stamped_headers: revoking.revokeByStampedHeaders,
  rate_limit: control.rateLimit,
  time_limit: control.timeLimit,
  pool_grow: control.poolGrow,
  pool_shrink: control.poolShrink,
  pool_restart: control.poolRestart,
  autoscale: control.autoscale,
  add_consumer: control.addConsumer,
  cancel_consumer: control.cancelConsumer,
  enable_events: control.enableEvents,
  disable_events: control.disableEvents,
  heartbeat: control.heartbeat,
  pause_queue: control.pauseQueue,
  resume_queue: control.resumeQueue,
  election: control.election,
  shutdown: control.shutdown,
};

export const COMMANDS: ReadonlyMap<string, CommandHandler> = new Map(Object.entries(HANDLERS));

/** Commands that have ended before anybody could answer. */
export const UNANSWERED: ReadonlySet<string> = new Set(['shutdown']);

/** Commands that change nothing, and are not worth a line in the log. */
export const READING: ReadonlySet<string> = new Set([
  ...[...COMMANDS]
    .filter(([, handler]) => Object.values<unknown>(inspect).includes(handler))
    .map(([name]) => name),
  'heartbeat',
]);
