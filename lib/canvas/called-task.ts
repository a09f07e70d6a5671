import type { AnySignature } from './call.options.js';

/** Built-in tasks that call another one, which stands in their keyword argument `task`. */
const CALLING: ReadonlySet<string> = new Set(['celery.map', 'celery.starmap', 'celery.chunks']);

/**
 * The task that `map`, `starmap` and `chunks` call for each item: they are routed by its name, as in Celery. Undefined for
 * any other call.
 */
export function calledTask({ task, kwargs }: AnySignature): string | undefined {
  const inner: unknown = kwargs['task'];
  if (!CALLING.has(task) || typeof inner !== 'object' || inner === null) return undefined;
  const name: unknown = Reflect.get(inner, 'task');
  return typeof name === 'string' && name !== '' ? name : undefined;
}
