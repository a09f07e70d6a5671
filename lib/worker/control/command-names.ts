/** Every command of Celery, by its names, and those of this library. */
const NAMES = [
  'ping',
  'clock',
  'active',
  'dump_active',
  'reserved',
  'dump_reserved',
  'scheduled',
  'dump_schedule',
  'revoked',
  'dump_revoked',
  'registered',
  'dump_tasks',
  'query_task',
  'stats',
  'active_queues',
  'conf',
  'dump_conf',
  'report',
  'memsample',
  'memdump',
  'hello',
  'revoke',
  'terminate',
  'revoke_workflow',
  'revoke_by_stamped_headers',
  'rate_limit',
  'time_limit',
  'pool_grow',
  'pool_shrink',
  'pool_restart',
  'autoscale',
  'add_consumer',
  'cancel_consumer',
  'enable_events',
  'disable_events',
  'heartbeat',
  'pause_queue',
  'resume_queue',
  'election',
  'shutdown',
] as const;

export type CommandName = (typeof NAMES)[number];

const KNOWN: ReadonlySet<string> = new Set(NAMES);

export function isCeleryCommand(name: string): name is CommandName {
  return KNOWN.has(name);
}
