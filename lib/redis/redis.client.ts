import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { InvalidOptionError } from '../errors.js';
import type { RedisAddress } from './redis.address.js';

export type RedisClient = Redis | Cluster;

/** For the other side to close its end too: one that does not is not to keep this process alive. */
const DISCONNECT_MS = 250;

/** What a connection is opened with, besides its address. */
export interface RedisConnection {
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly heartbeatSeconds: number;
  readonly tls: Readonly<Record<string, unknown>> | undefined;
  /** Sentinel: name of the master. */
  readonly masterName: string | undefined;
  /** Sentinel: credentials of the Sentinels themselves. */
  readonly sentinelKwargs: {
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly tls?: boolean | undefined;
  };
}

/**
 * Opens one client that does not connect yet, never reconnects by itself and queues nothing: `RedisLink` makes a new
 * one instead, so that no state of a broken connection outlives it.
 */
export function openClient(address: RedisAddress, connection: RedisConnection): RedisClient {
  const common = {
    db: address.db,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls !== undefined && { tls: address.tls }),
    connectionName: connection.clientName.replace(/\s/g, '_'),
    connectTimeout: connection.connectTimeoutMs,
    disconnectTimeout: DISCONNECT_MS,
    keepAlive: connection.heartbeatSeconds * 1000,
    protocol: 2,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
  } as const satisfies RedisOptions;
  const alone = { ...common, lazyConnect: true, enableOfflineQueue: false, retryStrategy: () => null };

  if (address.kind === 'cluster') {
    return new Cluster([...address.nodes], {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: () => null,
      slotsRefreshTimeout: connection.connectTimeoutMs,
      redisOptions: { ...common, db: 0 },
    });
  }
  if (address.kind === 'sentinel') {
    if (connection.masterName === undefined) {
      throw new InvalidOptionError(
        'transportOptions.masterName',
        `${address.shown} needs the name of the master that the Sentinels watch, for example 'mymaster'.`,
      );
    }
    const { username, password, tls } = connection.sentinelKwargs;
    return new Redis({
      ...alone,
      sentinels: [...address.nodes],
      name: connection.masterName,
      sentinelRetryStrategy: () => null,
      sentinelCommandTimeout: connection.connectTimeoutMs,
      ...(username !== undefined && { sentinelUsername: username }),
      ...(password !== undefined && { sentinelPassword: password }),
      // `tls` of the common options is the master's; without this word it is not used.
      ...(address.tls !== undefined && { enableTLSForSentinelMode: true }),
      ...(tls === true && { sentinelTLS: connection.tls ?? {} }),
    });
  }
  const [node] = address.nodes;
  return new Redis({
    ...alone,
    ...(address.socketPath === undefined
      ? { host: node?.host ?? '127.0.0.1', port: node?.port ?? 6379 }
      : { path: address.socketPath }),
  });
}
