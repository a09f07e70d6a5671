import type { BackendConfig } from '../backend/backend.options.js';
import type { BrokerConfig } from '../broker/broker.options.js';
import { readRedisOptions } from '../broker/redis/redis.options.js';
import { InvalidOptionError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import { redactUrl } from '../runtime/redact-url.js';
import { DEFAULT_APP } from '../tokens.js';
import type { ScheduleStore } from './schedule.store.js';

/** What decides where schedules are kept. */
export type StoreConfig = Pick<
  BrokerConfig,
  'broker' | 'brokerConnectionTimeout' | 'brokerHeartbeat' | 'brokerTransportOptions' | 'brokerUseSsl'
> &
  Pick<BackendConfig, 'backend' | 'resultBackendUseSsl'> & {
    readonly beatStore: string | undefined;
    readonly beatName: string | undefined;
  };

export interface StoreSurroundings {
  /** Name of the app. */
  readonly app: string;
  readonly clientName: string;
  readonly clock: Clock;
  readonly log: Log;
}

const REDIS = /^(redis|rediss|redis\+socket|unix|sentinel|redis\+cluster|rediss\+cluster):/;
/** Until the store must have answered; beat asks again after it. */
const ANSWER_LIMIT_MS = 5_000;

/**
 * The store its URL asks for, not yet connected. Loads only what it needs; the one place that knows them all.
 * @throws InvalidOptionError for a URL of no known store
 */
export async function openScheduleStore(
  config: StoreConfig,
  { app, clientName, clock, log }: StoreSurroundings,
): Promise<ScheduleStore> {
  const { beatName = app } = config;
  const name = beatName === DEFAULT_APP ? '' : `.${beatName}`;
  const url = storeUrlOf(config, name);
  if (url.startsWith('memory:')) {
    const { MemoryStore } = await import('./memory.store.js');
    return new MemoryStore(clock);
  }
  if (url.startsWith('file:')) {
    const { FileStore } = await import('./file.store.js');
    return new FileStore({ path: url.replace(/^file:(\/\/)?/, ''), clock, log });
  }
  if (REDIS.test(url)) {
    const { RedisStore } = await import('./redis.store.js');
    const { brokerConnectionTimeout, brokerHeartbeat, brokerUseSsl, resultBackendUseSsl } = config;
    const ofBroker = url === urlOf(config.broker);
    const transport = readRedisOptions(ofBroker ? config.brokerTransportOptions : {});
    return new RedisStore({
      url,
      base: `${transport.globalKeyprefix}nestjs-celery.beat${name}`,
      connection: {
        clientName,
        connectTimeoutMs: brokerConnectionTimeout,
        heartbeatSeconds: Math.ceil(brokerHeartbeat / 1000),
        tls: ofBroker ? brokerUseSsl : url === config.backend ? resultBackendUseSsl : undefined,
        masterName: transport.masterName,
        sentinelKwargs: transport.sentinelKwargs,
      },
      timeoutMs: ANSWER_LIMIT_MS,
      clock,
      log,
    });
  }
  throw new InvalidOptionError(
    'celery.beatStore',
    `${JSON.stringify(redactUrl(url))} is not the URL of a known store. Write for example redis://localhost:6379/0, file:./schedule.jsonl or memory://.`,
  );
}

function storeUrlOf({ beatStore, broker, backend }: StoreConfig, name: string): string {
  if (beatStore !== undefined) return beatStore;
  const [first = ''] = broker;
  if (REDIS.test(first)) return urlOf(broker);
  if (backend !== undefined && REDIS.test(backend)) return backend;
  return first.startsWith('memory:') ? 'memory://' : `file:./celerybeat-schedule${name}.jsonl`;
}

function urlOf(urls: readonly string[]): string {
  return urls.join(';');
}
