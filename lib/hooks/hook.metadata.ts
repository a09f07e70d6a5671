import 'reflect-metadata';
import type { HookName } from './hook.events.js';

const HOOK_METADATA = Symbol('nestjs-celery:hook');

/** What `@OnTaskEvent()` and `@OnWorkerEvent()` write on a method. */
export interface DeclaredHook {
  readonly on: HookName;
  readonly task: string | undefined;
}

export function declareHook(method: unknown, hook: DeclaredHook, decorator: string): void {
  if (typeof method !== 'function') throw new TypeError(`${decorator} stands on methods only`);
  Reflect.defineMetadata(HOOK_METADATA, [...declaredHooks(method), hook], method);
}

/** In the order they stand above the method, from below. */
export function declaredHooks(method: object): readonly DeclaredHook[] {
  return (Reflect.getMetadata(HOOK_METADATA, method) as readonly DeclaredHook[] | undefined) ?? [];
}
