import type { ResultBackend } from '../../backend/result-backend.js';
import type { Broker } from '../../broker/broker.js';
import { memoryStartStore } from './memory.start-store.js';
import { redisStartStore } from './redis.start-store.js';
import type { StartStore } from './start-store.js';

/** Where starts are counted: where the broker's workers share something, else in a Redis result backend; undefined: nowhere. */
export function openStartStore(
  { common }: Pick<Broker, 'common'>,
  backend: Pick<ResultBackend, 'scripts'> | undefined,
): StartStore | undefined {
  if (common?.kind === 'process') return memoryStartStore(common.place);
  const scripts = common?.scripts ?? backend?.scripts;
  return scripts === undefined ? undefined : redisStartStore(scripts);
}
