import { InvalidOptionError } from '../../errors.js';
import type { Duration } from '../../runtime/duration.js';
import { duration, integer, readOptions, text, type Field } from '../../runtime/options.js';

/** How a worker tells whether it is well. */
export interface HealthOptions {
  /** Answers `GET /live` and `GET /ready` on this port; 0: any that is free. Default: no server. */
  port?: number;
  /** Address it listens on. Default `127.0.0.1`; a probe from outside, as Kubernetes', needs `0.0.0.0` or `::`. */
  host?: string;
  /**
   * File it writes how it is to every second, for `nest-celery health` and other probes that run a command. Default none.
   */
  file?: string;
  /** Between two probe messages. Default 5 s. */
  probeInterval?: Duration;
  /** A probe message that has not come back after this makes the worker not ready. Default 10 s. */
  probeTimeout?: Duration;
}

/** Everything decided. Times in ms. */
export interface HealthConfig {
  /** Undefined: no server. */
  readonly port: number | undefined;
  readonly host: string;
  /** Undefined: none. */
  readonly file: string | undefined;
  readonly probeInterval: number;
  readonly probeTimeout: number;
}

/** A time of 0 would keep the broker busy, or call every worker ill. */
const SHORTEST_MS = 100;

const wait =
  (byDefaultMs: number): Field<number> =>
  (value, path) => {
    const ms = duration(byDefaultMs)(value, path);
    if (ms >= SHORTEST_MS) return ms;
    throw new InvalidOptionError(path, `expected ${SHORTEST_MS} ms or more, got ${ms} ms`);
  };

const healthFields: { readonly [K in keyof HealthConfig]-?: Field<HealthConfig[K]> } = {
  port: integer(undefined, 0, 65_535),
  host: text('127.0.0.1'),
  file: text(undefined),
  probeInterval: wait(5_000),
  probeTimeout: wait(10_000),
};

/** @throws InvalidOptionError */
export const healthConfig: Field<HealthConfig | undefined> = (value, path) =>
  value === undefined ? undefined : readOptions<HealthConfig>(path, value, healthFields);
