import { InvalidOptionError } from '../errors.js';
import { nearest } from '../runtime/nearest.js';
import {
  BEAT_HOOKS,
  TASK_HOOKS,
  WORKER_HOOKS,
  type BeatHookName,
  type HookEvents,
  type TaskHookName,
  type WorkerHookName,
} from './hook.events.js';
import { declareHook } from './hook.metadata.js';

/** A method that can be told this event. */
type ListenerOf<Event> = <M extends (event: Event) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void;

/**
 * Calls the method of a provider with each event of this kind: Celery's task signals. What it throws is logged and harms nobody.
 * @param filter `task`: pattern of task names, as in a shell. Default: every task
 * @example @OnTaskEvent('task-failed', { task: 'mail.*' }) onFailure(event: HookEvents['task-failed']) { … }
 * @throws InvalidOptionError for an unknown event
 */
export function OnTaskEvent<E extends TaskHookName>(
  on: E,
  filter: { readonly task?: string } = {},
): ListenerOf<HookEvents[E]> {
  checkName('OnTaskEvent', on, TASK_HOOKS);
  return (_target, _key, descriptor) =>
    declareHook(descriptor.value, { on, task: filter.task }, '@OnTaskEvent()');
}

/**
 * Calls the method of a provider at this point of the worker's life: Celery's `worker_init`, `worker_ready`,
 * `worker_shutting_down` and `worker_shutdown`. What it throws is logged and harms nobody.
 * @throws InvalidOptionError for an unknown event
 */
export function OnWorkerEvent<E extends WorkerHookName>(on: E): ListenerOf<HookEvents[E]> {
  checkName('OnWorkerEvent', on, WORKER_HOOKS);
  return (_target, _key, descriptor) =>
    declareHook(descriptor.value, { on, task: undefined }, '@OnWorkerEvent()');
}

/**
 * Calls the method of a provider when a beat begins to start: Celery's `beat_init` and `beat_embedded_init`. The beat waits
 * for it. What it throws is logged and harms nobody.
 * @throws InvalidOptionError for an unknown event
 */
export function OnBeatEvent<E extends BeatHookName>(on: E): ListenerOf<HookEvents[E]> {
  checkName('OnBeatEvent', on, BEAT_HOOKS);
  return (_target, _key, descriptor) =>
    declareHook(descriptor.value, { on, task: undefined }, '@OnBeatEvent()');
}

function checkName(decorator: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  const way = meant === undefined ? `Known: ${known.join(', ')}` : `Did you mean ${JSON.stringify(meant)}?`;
  throw new InvalidOptionError(`@${decorator}`, `unknown event ${JSON.stringify(name)}. ${way}`);
}
