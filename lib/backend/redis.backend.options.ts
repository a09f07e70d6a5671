import type { Clock } from '../runtime/clock.js';
import { bool, duration, readOptions, text } from '../runtime/options.js';
import { readAddresses, type RedisAddress } from '../redis/redis.address.js';
import { openClient, type RedisConnection } from '../redis/redis.client.js';
import { RedisLink, type LinkHooks } from '../redis/redis.link.js';
import type { Log } from '../runtime/logger.js';
import type { BackendSettings } from './backend.options.js';

/** Celery's `result_backend_transport_options` for Redis. */
export interface RedisBackendTransportOptions {
  /** Put before every key; a `_` follows unless it ends in one of `: _ - .`, as in Celery. Default none. */
  globalKeyprefix?: string;
  /** Sentinel: name of the master. */
  masterName?: string;
  /** Sentinel: credentials of the Sentinels themselves. */
  sentinelKwargs?: { username?: string; password?: string; tls?: boolean };
  /** How often a silent connection is asked for a sign of life. Default 20 s. */
  keepAlive?: number | string;
}

interface Read {
  readonly globalKeyprefix: string | undefined;
  readonly masterName: string | undefined;
  readonly sentinelKwargs: RedisConnection['sentinelKwargs'];
  readonly keepAlive: number;
}

const SECTION = 'celery.resultBackendTransportOptions';

/** Where a backend connects, and how its keys begin. */
export function readRedisBackend(url: string, settings: BackendSettings) {
  const options = readOptions<Read>(SECTION, settings.transportOptions, {
    globalKeyprefix: text(undefined),
    masterName: text(undefined),
    sentinelKwargs: (value, path) =>
      readOptions<RedisConnection['sentinelKwargs']>(path, value ?? {}, {
        username: text(undefined),
        password: text(undefined),
        tls: bool(undefined),
      }),
    keepAlive: duration(20_000),
  });
  const addresses = readAddresses([url], settings.tls, 'backend');
  const connection: RedisConnection = {
    clientName: settings.clientName,
    connectTimeoutMs: settings.connectTimeoutMs,
    heartbeatSeconds: options.keepAlive / 1000,
    tls: settings.tls,
    masterName: options.masterName,
    sentinelKwargs: options.sentinelKwargs,
  };
  return {
    addresses,
    connection,
    prefix: prefixOf(options.globalKeyprefix),
    shown: addresses.map((each) => each.shown).join(';'),
  };
}

/** A link for one purpose, tried at each address in turn. */
export function openLink(
  name: string,
  addresses: readonly RedisAddress[],
  connection: RedisConnection,
  settings: { readonly timeoutMs: number; readonly clock: Clock; readonly log: Log },
  hooks: LinkHooks,
): RedisLink {
  return new RedisLink({
    ...hooks,
    name,
    open: (attempt) => {
      const address = addresses[attempt % addresses.length];
      if (address === undefined) throw new Error('no address');
      return openClient(address, connection);
    },
    connectTimeoutMs: connection.connectTimeoutMs,
    commandTimeoutMs: settings.timeoutMs,
    clock: settings.clock,
    log: settings.log,
  });
}

function prefixOf(prefix: string | undefined): string {
  if (prefix === undefined) return '';
  return /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`;
}
