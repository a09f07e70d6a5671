import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InvalidOptionError } from '../errors.js';
import { withDeadline } from '../runtime/deadline.js';
import { durationMs, type Duration } from '../runtime/duration.js';
import { systemClock } from '../runtime/clock.js';
import { messageOf } from '../runtime/message-of.js';
import { getCeleryToken } from '../tokens.js';
import type { CeleryApp } from './celery.app.js';
import { CeleryHost } from './celery.host.js';
import { healthResult, type HealthResult } from './terminus.js';

/** What `CeleryHealthIndicator.isHealthy` looks at. */
export interface CeleryHealthOptions {
  /** Which app, where the application has several. */
  app?: string;
  /** How long the broker, and workers that are asked, may take to answer. Default 1 s. */
  timeout?: Duration;
  /** So many workers of the fleet must answer a ping. Default 0: none is asked. */
  workers?: number;
}

/**
 * For health checks of the application, with `@nestjs/terminus` or without:
 * `() => this.celery.isHealthy('celery', { workers: 1 })`.
 *
 * Up: the broker answers a question, a worker of this process is ready, and enough workers answer.
 */
@Injectable()
export class CeleryHealthIndicator {
  constructor(@Inject(ModuleRef) private readonly moduleRef: ModuleRef) {}

  /**
   * Never rejects for what is down: that is told, with the reasons in `problems`.
   * @param key under which the outcome stands
   * @throws InvalidOptionError for a bad option, or an app that the application has not
   */
  async isHealthy<K extends string>(key: K, options: CeleryHealthOptions = {}): Promise<HealthResult<K>> {
    const { timeout = 1, workers = 0 } = options;
    const timeoutMs = durationMs(timeout, 'timeout');
    if (!Number.isSafeInteger(workers) || workers < 0) {
      throw new InvalidOptionError('workers', `expected an integer, 0 or more, got ${workers}`);
    }
    const { app } = this.#hostOf(options.app);
    const [broker, fleet] = await Promise.all([
      brokerProblem(app, timeoutMs),
      workers === 0 ? undefined : countWorkers(app, workers, timeoutMs),
    ]);
    const problems = [
      ...(broker === undefined ? [] : [broker]),
      ...(app.worker?.health.problems ?? []).map((problem) => `${app.worker?.hostname ?? ''}: ${problem}`),
      ...(fleet === undefined || fleet >= workers
        ? []
        : [`${fleet} of ${workers} workers answered within ${timeoutMs} ms`]),
    ];
    const isUp = problems.length === 0;
    return healthResult(this.moduleRef, key, isUp, {
      broker: app.broker.url,
      ...(fleet === undefined ? {} : { workers: fleet }),
      ...(isUp ? {} : { problems }),
    });
  }

  #hostOf(name: string | undefined): CeleryHost {
    try {
      const host: unknown = this.moduleRef.get(getCeleryToken(name), { strict: false });
      if (host instanceof CeleryHost) return host;
    } catch {
      // Nest's error names a token that no user knows.
    }
    throw new InvalidOptionError(
      'app',
      `no CeleryModule.forRoot() with the name ${JSON.stringify(name)} is imported`,
    );
  }
}

/** A question that goes to the broker and back: a connection can be open and dead. */
async function brokerProblem(
  { broker, config, worker }: CeleryApp,
  timeoutMs: number,
): Promise<string | undefined> {
  const queue = worker?.queues[0]?.name ?? config.taskDefaultQueue;
  const late = (): Error =>
    new Error(
      broker.connected ? `did not answer within ${timeoutMs} ms` : `not connected within ${timeoutMs} ms`,
    );
  try {
    await withDeadline(systemClock, timeoutMs, broker.size(queue), late);
    return undefined;
  } catch (error) {
    return `${broker.url}: ${messageOf(error)}`;
  }
}

async function countWorkers(app: CeleryApp, limit: number, timeoutMs: number): Promise<number> {
  try {
    const late = (): Error => new Error('late');
    const asked = app.control.inspect({ limit, timeout: `${timeoutMs}ms` }).ping();
    // What the broker is given to come back is more than a health check waits.
    return (await withDeadline(systemClock, timeoutMs + SPARE_MS, asked, late)).length;
  } catch {
    return 0;
  }
}

const SPARE_MS = 500;
