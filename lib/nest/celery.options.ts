import { backendFields, type BackendConfig, type BackendOptions } from '../backend/backend.options.js';
import { beatFields, type BeatConfig, type BeatOptions } from '../beat/beat.options.js';
import { brokerFields, type BrokerConfig, type BrokerOptions } from '../broker/broker.options.js';
import { clientFields, type ClientConfig, type ClientOptions } from '../client/client.options.js';
import { InvalidOptionError } from '../errors.js';
import { contentFields, type ContentConfig, type ContentOptions } from '../message/content.options.js';
import { producerFields, type ProducerConfig, type ProducerOptions } from '../producer/producer.options.js';
import { bool, readOptions, type Field } from '../runtime/options.js';
import {
  taskDefaultsFields,
  type TaskDefaultsConfig,
  type TaskDefaultsOptions,
} from '../task/task.defaults.js';
import { readWorkerOptions, type WorkerConfig, type WorkerOptions } from '../worker/worker.options.js';

/** Everything an app can be told: `CeleryModule.forRoot(options)`. All optional; each part says its units and defaults. */
export interface CeleryOptions
  extends
    BrokerOptions,
    BackendOptions,
    ContentOptions,
    ProducerOptions,
    TaskDefaultsOptions,
    ClientOptions,
    BeatOptions {
  /**
   * Runs a worker inside this process, started after every `onApplicationBootstrap`: `true` for all defaults. Default
   * false: a web process opens no consumer.
   */
  worker?: boolean | WorkerOptions;
  /**
   * Runs a beat inside this process, which sends periodic tasks. Several processes may: where they share a `beatStore`, one
   * of them leads. Default false.
   */
  beat?: boolean;
  /** Global enhancers of the application that run for tasks too. Default none: an HTTP guard must not stop a worker. */
  enhancers?: EnhancerOptions;
}

/** Which global enhancers (`APP_GUARD`, `useGlobalPipes` …) run for tasks. Those on the method and class always do. */
export interface EnhancerOptions {
  guards?: boolean;
  interceptors?: boolean;
  pipes?: boolean;
  filters?: boolean;
}

/** Everything decided. */
export interface CeleryConfig
  extends
    BrokerConfig,
    BackendConfig,
    ContentConfig,
    ProducerConfig,
    TaskDefaultsConfig,
    ClientConfig,
    BeatConfig {
  /** Undefined: no worker in this process unless one is asked for. */
  readonly worker: WorkerConfig | undefined;
  /** A beat runs in this process. */
  readonly beat: boolean;
  /** What a worker that is asked for later starts from. */
  readonly workerOptions: WorkerOptions;
  readonly enhancers: Readonly<Required<EnhancerOptions>>;
}

const workerOptions: Field<WorkerOptions> = (value, path) => {
  if (value === undefined || typeof value === 'boolean') return {};
  readWorkerOptions(value as WorkerOptions, path);
  return value as WorkerOptions;
};

export const celeryFields: {
  readonly [K in keyof Omit<CeleryConfig, 'workerOptions'>]-?: Field<CeleryConfig[K]>;
} = {
  ...brokerFields,
  ...backendFields,
  ...contentFields,
  ...producerFields,
  ...taskDefaultsFields,
  ...clientFields,
  ...beatFields,
  beat: bool(false),
  worker: (value, path) =>
    value === undefined || value === false ? undefined : readWorkerOptions(workerOptions(value, path), path),
  enhancers: (value, path) =>
    readOptions<Required<EnhancerOptions>>(path, value ?? {}, {
      guards: bool(false),
      interceptors: bool(false),
      pipes: bool(false),
      filters: bool(false),
    }),
};

/** @throws InvalidOptionError for an unknown option or a bad value, with its path */
export function readCeleryOptions(options: CeleryOptions = {}): CeleryConfig {
  const config = readOptions<Omit<CeleryConfig, 'workerOptions'>>('celery', options, celeryFields);
  if (config.taskAlwaysEager && config.worker !== undefined) {
    throw new InvalidOptionError(
      'celery.taskAlwaysEager',
      'runs tasks where they are sent, so `worker` has nothing to do. Remove one of them.',
    );
  }
  return Object.freeze({ ...config, workerOptions: workerOptions(options.worker, 'celery.worker') });
}

/** The backend's URL: as configured, else beside the embedded broker, else none, as in Celery. */
export function backendUrlOf({ backend, broker }: CeleryConfig): string {
  if (backend !== undefined) return backend;
  const [first = ''] = broker;
  return first.startsWith('memory://') ? first : 'disabled://';
}
