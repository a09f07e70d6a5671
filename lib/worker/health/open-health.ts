import type { Broker } from '../../broker/broker.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { Service } from '../../runtime/service.js';
import { HealthFile, type HealthFileDeps } from './health.file.js';
import type { HealthConfig } from './health.options.js';
import { HealthServer } from './health.server.js';
import { Probe } from './probe.js';
import type { ProbeReport, WorkerHealth } from './readiness.js';

export interface HealthDeps {
  /** Undefined: nothing is asked for. */
  readonly config: HealthConfig | undefined;
  readonly broker: Broker;
  readonly hostname: string;
  readonly health: () => WorkerHealth;
  readonly status: HealthFileDeps['status'];
  readonly clock: Clock;
  readonly log: Log;
}

/** What tells how a worker is, as far as it is asked for. */
export interface HealthParts {
  /** They speak before the worker connects, and until it has stopped. */
  readonly tellers: readonly Service[];
  /** Once it consumes. */
  readonly probes: readonly Service[];
  readonly probe: () => ProbeReport | undefined;
  readonly url: () => string | undefined;
  /** Says at once that the worker stands elsewhere. */
  readonly changed: () => void;
}

export function openHealth({
  config,
  broker,
  hostname,
  health,
  status,
  clock,
  log,
}: HealthDeps): HealthParts {
  const told = { hostname, health, log };
  const port = config?.port;
  const server =
    config === undefined || port === undefined
      ? undefined
      : new HealthServer({ ...told, host: config.host, port });
  const file =
    config?.file === undefined ? undefined : new HealthFile({ ...told, file: config.file, status, clock });
  const probe = config && new Probe({ broker, hostname, config, clock });
  return {
    tellers: [server, file].filter((service) => service !== undefined),
    probes: probe === undefined ? [] : [probe],
    probe: () => probe?.report,
    url: () => server?.url,
    changed: () => file?.changed(),
  };
}
