import type { StartStore } from './start-store.js';

const PLACES = new WeakMap<object, Map<string, number>>();

/** For brokers whose workers are all in this process. A message lives no longer than its process, nor does its count. */
export function memoryStartStore(place: object): StartStore {
  const starts = PLACES.get(place) ?? new Map<string, number>();
  PLACES.set(place, starts);
  return {
    startsOf: async (taskId) => starts.get(taskId) ?? 0,
    begun: async (taskId) => {
      const count = (starts.get(taskId) ?? 0) + 1;
      starts.set(taskId, count);
      return count;
    },
    forget: async (taskId) => void starts.delete(taskId),
  };
}
