import type { ResultBackend } from '../../backend/result-backend.js';
import type { Broker } from '../../broker/broker.js';
import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { LimitStore } from './limit-store.js';
import { MemoryLimitStore, MemoryLines } from './memory.limit-store.js';
import { RedisLimitStore } from './redis.limit-store.js';

export interface LimitStoreSource {
  readonly broker: Broker;
  readonly backend: Pick<ResultBackend, 'scripts'> | undefined;
  readonly clock: Clock;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** Where limits are counted: where the broker's workers share something, else in a Redis result backend; undefined: nowhere. */
export function openLimitStore({
  broker,
  backend,
  clock,
  random,
  log,
}: LimitStoreSource): LimitStore | undefined {
  const recall = (marks: readonly string[]): void => {
    broker
      .recall?.(marks)
      .catch((error: unknown) => log.debug(`Could not recall ${marks.length} messages: ${String(error)}`));
  };
  if (broker.common?.kind === 'process')
    return new MemoryLimitStore({ lines: MemoryLines.at(broker.common.place), recall, clock, random });
  const scripts = broker.common?.scripts ?? backend?.scripts;
  if (scripts === undefined) return undefined;
  return new RedisLimitStore({
    scripts,
    recall: broker.recall === undefined ? undefined : recall,
    slackMs: broker.supports.deferResolutionMs + TURN_MS,
    random,
  });
}

/** What it may take a message to come back that is due. */
const TURN_MS = 250;
