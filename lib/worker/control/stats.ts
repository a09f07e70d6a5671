import type { WorkerStats } from '../../control/control.types.js';
import type { Broker } from '../../broker/broker.js';
import type { ControlHost } from './host.js';

export function statsOf(host: ControlHost): WorkerStats {
  const autoscaler = host.pool.describeAutoscaler();
  return {
    total: host.started.totals,
    pid: process.pid,
    // As text: Celery writes it so.
    clock: String(host.lamport.value),
    uptime: Math.floor(host.uptimeMs() / 1000),
    pool: host.pool.describe(),
    broker: brokerInfo(host.broker),
    prefetch_count: host.prefetch(),
    rusage: resourceUsage(),
    control: host.mail(),
    events: { dropped: host.events.dropped },
    ...(autoscaler === undefined ? {} : { autoscaler }),
  };
}

/** What kombu's `Connection.info()` tells, read from the URL, which holds no password any more. */
function brokerInfo({ url, transport }: Broker): Record<string, unknown> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const port = Number(parsed?.port ?? '');
  return {
    hostname: parsed?.hostname || null,
    userid: parsed?.username || null,
    virtual_host: decodeURIComponent(parsed?.pathname.replace(/^\//, '') ?? '') || '/',
    port: port > 0 ? port : null,
    insist: false,
    ssl: parsed?.protocol === 'amqps:' || parsed?.protocol === 'rediss:',
    transport,
    connect_timeout: 4,
    transport_options: {},
    login_method: null,
    uri_prefix: null,
    heartbeat: null,
    failover_strategy: 'round-robin',
    alternates: [],
  };
}

/** Under the names of Python's `resource.getrusage`; times in seconds, `maxrss` in KiB. */
function resourceUsage(): Record<string, number> {
  const usage = process.resourceUsage();
  return {
    utime: usage.userCPUTime / 1e6,
    stime: usage.systemCPUTime / 1e6,
    maxrss: usage.maxRSS,
    ixrss: usage.sharedMemorySize,
    idrss: usage.unsharedDataSize,
    isrss: usage.unsharedStackSize,
    minflt: usage.minorPageFault,
    majflt: usage.majorPageFault,
    nswap: usage.swappedOut,
    inblock: usage.fsRead,
    oublock: usage.fsWrite,
    msgsnd: usage.ipcSent,
    msgrcv: usage.ipcReceived,
    nsignals: usage.signalsCount,
    nvcsw: usage.voluntaryContextSwitches,
    nivcsw: usage.involuntaryContextSwitches,
  };
}
