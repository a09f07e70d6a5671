import type { Content } from '../message/content.js';
import type { Clock } from '../runtime/clock.js';
import type { Duration } from '../runtime/duration.js';
import type { Log } from '../runtime/logger.js';
import { bool, describe, duration, text, type Field } from '../runtime/options.js';
import { InvalidOptionError } from '../errors.js';
import type { ReplyChannel } from './reply-channel.js';

/** Where results stay and for how long. Celery's names in camelCase. Everything optional. */
export interface BackendOptions {
  /**
   * URL of the result backend: `redis://host:6379/1`, `rpc://` (a message to the client that sent the task),
   * `memory://` (this app alone), `memory://name` (shared by that name within the process), `none`.
   * Default: the environment's `CELERY_RESULT_BACKEND`; else `memory://` with the embedded broker, none with others
   * (`result_backend`).
   */
  backend?: string;
  /** How long results are kept; 0 or null: for ever. Default 1 day (`result_expires`). */
  resultExpires?: Duration | null;
  /** rpc: results survive a restart of the broker. Default false (`result_persistent`). */
  resultPersistent?: boolean;
  /** Until storing or reading a result must have succeeded. Default 10 s. */
  resultBackendTimeout?: Duration;
  /** How often waiting clients look, beside being told; 100 ms or more. Default 5 s. */
  resultPollingInterval?: Duration;
  /** `{ globalKeyprefix }`, `{ masterName, sentinelKwargs }` (`result_backend_transport_options`). */
  resultBackendTransportOptions?: Readonly<Record<string, unknown>>;
  /** TLS options of Node for a `rediss://` backend (`redis_backend_use_ssl`). */
  resultBackendUseSsl?: Readonly<Record<string, unknown>>;
}

/** Everything decided; durations in ms. */
export interface BackendConfig {
  /** Undefined: by the broker. */
  readonly backend: string | undefined;
  /** Undefined: for ever. */
  readonly resultExpires: number | undefined;
  readonly resultPersistent: boolean;
  readonly resultBackendTimeout: number;
  readonly resultPollingInterval: number;
  readonly resultBackendTransportOptions: Readonly<Record<string, unknown>>;
  readonly resultBackendUseSsl: Readonly<Record<string, unknown>> | undefined;
}

const MIN_POLLING_MS = 100;

const record: Field<Readonly<Record<string, unknown>> | undefined> = (value, path) => {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value));
  throw new InvalidOptionError(path, `expected an object of options, got ${describe(value)}`);
};

function atLeast(minMs: number, read: Field<number>): Field<number> {
  return (value, path) => {
    const readMs = read(value, path);
    if (readMs >= minMs) return readMs;
    throw new InvalidOptionError(path, `expected ${minMs} ms or more, got ${describe(value)}`);
  };
}

export const backendFields: { readonly [K in keyof BackendConfig]-?: Field<BackendConfig[K]> } = {
  backend: (value, path) => text(process.env['CELERY_RESULT_BACKEND'] || undefined)(value, path),
  resultExpires: (value, path) =>
    value === null ? undefined : duration(86_400_000)(value, path) || undefined,
  resultPersistent: bool(false),
  resultBackendTimeout: atLeast(1, duration(10_000)),
  resultPollingInterval: atLeast(MIN_POLLING_MS, duration(5_000)),
  resultBackendTransportOptions: (value, path) => record(value, path) ?? {},
  resultBackendUseSsl: record,
};

/** What every backend is opened with. */
export interface BackendSettings {
  /** Undefined: results are kept for ever. */
  readonly expiresMs: number | undefined;
  readonly persistent: boolean;
  readonly timeoutMs: number;
  readonly pollingIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly transportOptions: Readonly<Record<string, unknown>>;
  readonly tls: Readonly<Record<string, unknown>> | undefined;
  /** Name of the serializer results are written in. */
  readonly serializer: string;
  /** Writes and reads that serializer. */
  readonly content: Content;
  /** Needed by `rpc://`. */
  readonly replyChannel: ReplyChannel | undefined;
  readonly clientName: string;
  readonly clock: Clock;
  readonly log: Log;
}
