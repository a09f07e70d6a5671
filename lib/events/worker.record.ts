import type { CeleryEvent } from './event.js';

/** What is known of a worker from its events. Frozen. */
export interface WorkerRecord {
  /** Node name. */
  readonly hostname: string;
  readonly pid: number;
  /** Between its heartbeats, ms. */
  readonly heartbeatMs: number;
  /** False once it has said that it stops. */
  readonly online: boolean;
  /** Tasks that run; undefined: it has not said. */
  readonly active: number | undefined;
  /** Tasks that have ended since its start. */
  readonly processed: number | undefined;
  readonly loadavg: readonly number[] | undefined;
  /** `py-celery 5.6.2` */
  readonly software: string | undefined;
  readonly system: string | undefined;
  readonly clock: number;
  /** When it was last heard of: epoch ms by this machine's clock. */
  readonly heardMs: number;
  /** How far its clock is ahead of ours, ms, the time of the message's way included. */
  readonly driftMs: number;
}

/** Celery's, for a worker that has not said how often it would be heard. */
const DEFAULT_HEARTBEAT_MS = 60_000;
/** A worker that has been silent for so many of its heartbeats is taken for lost. */
const SILENT_BEATS = 2;

/** Any event of a worker shows that it lives; only those about itself say more. */
export function workerAfter(
  known: WorkerRecord | undefined,
  event: CeleryEvent,
  nowMs: number,
): WorkerRecord {
  const base = known ?? { ...NOTHING, hostname: event.hostname };
  const heard = {
    pid: event.pid,
    online: true,
    clock: event.clock,
    heardMs: nowMs,
    driftMs: Math.round(event.timestamp * 1000 - nowMs),
  };
  switch (event.type) {
    case 'worker-online':
    case 'worker-heartbeat':
    case 'worker-offline': {
      const { freq, active, processed, loadavg, sw_ident, sw_ver, sw_sys } = event;
      return Object.freeze({
        ...base,
        ...heard,
        online: event.type !== 'worker-offline',
        heartbeatMs: freq === undefined || freq <= 0 ? base.heartbeatMs : freq * 1000,
        active: active ?? base.active,
        processed: processed ?? base.processed,
        loadavg: loadavg ?? base.loadavg,
        software: sw_ident === undefined ? base.software : `${sw_ident} ${sw_ver ?? ''}`.trim(),
        system: sw_sys ?? base.system,
      });
    }
    default:
      return Object.freeze({ ...base, ...heard });
  }
}

export function isAlive({ online, heardMs, heartbeatMs }: WorkerRecord, nowMs: number): boolean {
  return online && nowMs < heardMs + heartbeatMs * SILENT_BEATS;
}

const NOTHING: Omit<WorkerRecord, 'hostname'> = Object.freeze({
  pid: 0,
  heartbeatMs: DEFAULT_HEARTBEAT_MS,
  online: true,
  active: undefined,
  processed: undefined,
  loadavg: undefined,
  software: undefined,
  system: undefined,
  clock: 0,
  heardMs: 0,
  driftMs: 0,
});
