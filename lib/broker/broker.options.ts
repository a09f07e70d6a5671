import type { ConnectionOptions } from 'node:tls';
import { InvalidOptionError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { Duration } from '../runtime/duration.js';
import type { Log } from '../runtime/logger.js';
import { bool, describe, duration, type Field } from '../runtime/options.js';
import { schemeOf } from './transports.js';

/** Where messages go and how the connection is kept. Celery's names in camelCase. Everything optional. */
export interface BrokerOptions {
  /**
   * URL of the broker: `amqp://user:password@host/vhost`, `amqps://…`, `redis://host:6379/0`, `rediss://…`,
   * `sentinel://…`, `redis+cluster://…`, `memory://` (embedded, of this app alone) or `memory://name` (embedded, shared
   * by that name within the process). A list, or several with `;` between them, are tried in turn.
   * Default: the environment's `CELERY_BROKER_URL`, else `memory://` (`broker_url`).
   */
  broker?: string | readonly string[];
  /** Until a publish must have been confirmed; then it rejects. Default 30 s. */
  publishTimeout?: Duration;
  /** Until one attempt to connect must have succeeded. Default 4 s (`broker_connection_timeout`). */
  brokerConnectionTimeout?: Duration;
  /**
   * True: start-up waits for a broker that cannot be reached, and says so in the log. False: start-up fails after the
   * first attempt. Once connected, a lost connection is always restored. Default true
   * (`broker_connection_retry_on_startup`).
   */
  brokerConnectionRetryOnStartup?: boolean;
  /** How often a silent connection is asked for a sign of life, whole seconds; 0: never. Default 20 s, not Celery's 120 s (`broker_heartbeat`). */
  brokerHeartbeat?: Duration;
  /** What only one kind of broker knows: `RedisTransportOptions`, `AmqpTransportOptions` (`broker_transport_options`). */
  brokerTransportOptions?: Readonly<Record<string, unknown>>;
  /** TLS options of Node, as `{ ca, cert, key }`, for `amqps://` and `rediss://` URLs (`broker_use_ssl`). */
  brokerUseSsl?: ConnectionOptions;
}

/** Everything decided; durations in ms. */
export interface BrokerConfig {
  /** At least one URL, all of one kind of broker. */
  readonly broker: readonly string[];
  readonly publishTimeout: number;
  readonly brokerConnectionTimeout: number;
  readonly brokerConnectionRetryOnStartup: boolean;
  readonly brokerHeartbeat: number;
  readonly brokerTransportOptions: Readonly<Record<string, unknown>>;
  readonly brokerUseSsl: Readonly<Record<string, unknown>> | undefined;
}

export const brokerFields: { readonly [K in keyof BrokerConfig]-?: Field<BrokerConfig[K]> } = {
  broker: (value, path) => {
    const fromEnvironment = process.env['CELERY_BROKER_URL'];
    if (value !== undefined) return readUrls(value, path);
    if (fromEnvironment) return readUrls(fromEnvironment, 'CELERY_BROKER_URL');
    return readUrls('memory://', path);
  },
  publishTimeout: moreThanNothing(duration(30_000)),
  brokerConnectionTimeout: moreThanNothing(duration(4_000)),
  brokerConnectionRetryOnStartup: bool(true),
  brokerHeartbeat: duration(20_000),
  brokerTransportOptions: (value, path) => readRecord(value, path) ?? {},
  brokerUseSsl: readRecord,
};

/** What every driver is opened with. Everything decided; drivers add their own part. */
export interface BrokerSettings {
  /** One URL, or several to fail over between in turn. */
  readonly urls: readonly string[];
  /** Until a publish must have settled, ms. Default 30 000. */
  readonly publishTimeoutMs: number;
  /** Until one attempt to connect must have settled, ms. Default 4 000 (`broker_connection_timeout`). */
  readonly connectTimeoutMs: number;
  /** AMQP heartbeat and Redis keep-alive, seconds; 0: none. Default 20 (Celery's 120 notices a dead peer too late). */
  readonly heartbeatSeconds: number;
  /** Celery's `broker_transport_options`, camelCase, read by each driver against its own table. */
  readonly transportOptions: Readonly<Record<string, unknown>>;
  /** Node TLS options, used with `amqps:` and `rediss:` URLs. */
  readonly tls: Readonly<Record<string, unknown>> | undefined;
  /** Node name or program shown to the broker's administrators. */
  readonly clientName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Options and surroundings of one program → what its driver is opened with.
 * @throws InvalidOptionError when TLS options are given for a connection without TLS
 */
export function brokerSettings(
  config: BrokerConfig,
  { clientName, clock, log }: Pick<BrokerSettings, 'clientName' | 'clock' | 'log'>,
): BrokerSettings {
  refuseUselessTls(config);
  return Object.freeze({
    urls: config.broker,
    publishTimeoutMs: config.publishTimeout,
    connectTimeoutMs: config.brokerConnectionTimeout,
    heartbeatSeconds: Math.ceil(config.brokerHeartbeat / 1000),
    transportOptions: config.brokerTransportOptions,
    tls: config.brokerUseSsl,
    clientName,
    clock,
    log,
  });
}

function readUrls(value: unknown, path: string): readonly string[] {
  const given = typeof value === 'string' ? value.split(';') : value;
  if (!Array.isArray(given) || given.length === 0) {
    throw new InvalidOptionError(path, `expected a URL or a list of URLs, got ${describe(value)}`);
  }
  const urls = given.map((url: unknown) => {
    if (typeof url === 'string' && url.trim() !== '') return url.trim();
    throw new InvalidOptionError(path, `expected a URL, got ${describe(url)}`);
  });
  const transports = new Set(urls.map((url) => schemeOf(url, path).transport));
  if (transports.size === 1) return Object.freeze(urls);
  throw new InvalidOptionError(
    path,
    `these URLs are of different kinds of broker (${[...transports].join(', ')}); a list is for failover between equal ones`,
  );
}

function readRecord(value: unknown, path: string): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.freeze({ ...value });
  throw new InvalidOptionError(path, `expected an object of options, got ${describe(value)}`);
}

function moreThanNothing(read: Field<number>): Field<number> {
  return (value, path) => {
    const found = read(value, path);
    if (found > 0) return found;
    throw new InvalidOptionError(path, `expected more than 0, got ${describe(value)}`);
  };
}

/** Whoever gives certificates believes that the connection is encrypted. */
function refuseUselessTls({ broker, brokerUseSsl }: BrokerConfig): void {
  if (brokerUseSsl === undefined || broker.every((url) => schemeOf(url, 'broker').tls)) return;
  throw new InvalidOptionError(
    'brokerUseSsl',
    'is used with amqps:// and rediss:// URLs only, and the broker URL asks for a connection without TLS',
  );
}
