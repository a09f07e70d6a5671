import 'reflect-metadata';
import type { TaskOptions, TasksOptions } from './task.options.js';

/** Where `@Task()` leaves its options: on the method's function. */
export const TASK_METADATA = Symbol.for('nestjs-celery:task');
/** Where `@Tasks()` leaves its options: on the class. */
export const TASKS_METADATA = Symbol.for('nestjs-celery:tasks');
/** A static property of the class `TaskContext`, by which a parameter of that type is known. */
export const IS_TASK_CONTEXT = Symbol.for('nestjs-celery:task-context');

/** Where Nest keeps the decorated parameters of a method. */
export const ROUTE_ARGS_METADATA = '__routeArguments__';

/** Part of the kind of parameters that `createParamDecorator` decorates. */
export const CUSTOM_ROUTE_ARGS = '__customRouteArgs__';

/** A class whose methods may be tasks. */
export type TaskClass<T = object> = abstract new (...args: never[]) => T;

/** What is written about a task at its method and class. */
export interface DeclaredTask {
  /** The name it is registered and sent under. */
  readonly name: string;
  /** Its own options over those of its class; `name` is the one above. */
  readonly options: TaskOptions & { readonly name: string };
  /** Position of the `TaskContext` parameter, undefined when it takes none. */
  readonly contextIndex: number | undefined;
  /** Positions of parameters that a decorator of their own fills in: no arguments of the call. */
  readonly decorated: readonly number[];
  readonly method: (...args: never[]) => unknown;
  /** `MailTasks.send`, for errors and logs. */
  readonly source: string;
}

/** The declaration of one method, inherited ones too; undefined when it carries no `@Task()`. */
export function declaredTask(taskClass: TaskClass, key: string): DeclaredTask | undefined {
  const method = methodOf(taskClass.prototype, key);
  const own = method === undefined ? undefined : optionsOn<TaskOptions>(TASK_METADATA, method);
  if (method === undefined || own === undefined) return undefined;
  const { prefix, ...shared } = optionsOn<TasksOptions>(TASKS_METADATA, taskClass) ?? {};
  const name = own.name ?? `${prefix ?? taskClass.name}.${key}`;
  const options = { ...shared, ...own, name };
  const contextIndex = contextIndexOf(taskClass, key, options.bind === true);
  const decorated = decoratedParameters(taskClass, key);
  return Object.freeze({
    name,
    options,
    contextIndex,
    decorated,
    method,
    source: `${taskClass.name}.${key}`,
  });
}

/** What Nest's `createParamDecorator` leaves on the class: an object of `{ index }` by kind and place. */
export function decoratedParameters(taskClass: TaskClass, key: string): readonly number[] {
  const written: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, taskClass, key);
  if (typeof written !== 'object' || written === null) return [];
  // `@Body()` and its like mark arguments of a controller's method, which a call gives as any other.
  const custom = Object.entries(written).filter(([kind]) => kind.includes(CUSTOM_ROUTE_ARGS));
  const indexes: unknown[] = custom.map(([, each]: [string, object]) => Reflect.get(each, 'index'));
  return indexes.filter((index) => typeof index === 'number');
}

/** The name a method is sent under; undefined when it carries no `@Task()`. */
export function taskNameOf(taskClass: TaskClass, key: string): string | undefined {
  return declaredTask(taskClass, key)?.name;
}

/** Looks without running getters: a class may have some that only work on an instance. */
function methodOf(prototype: object, key: string): ((...args: never[]) => unknown) | undefined {
  for (let holder: object | null = prototype; holder !== null; holder = Reflect.getPrototypeOf(holder)) {
    const found = Reflect.getOwnPropertyDescriptor(holder, key);
    if (found !== undefined) return typeof found.value === 'function' ? found.value : undefined;
  }
  return undefined;
}

function optionsOn<T>(key: symbol, target: object): T | undefined {
  return Reflect.getMetadata(key, target) as T | undefined;
}

function contextIndexOf(taskClass: TaskClass, key: string, bind: boolean): number | undefined {
  if (bind) return 0;
  const types: unknown = Reflect.getMetadata('design:paramtypes', taskClass.prototype, key);
  if (!Array.isArray(types)) return undefined;
  const index = types.findIndex((type) => typeof type === 'function' && Reflect.has(type, IS_TASK_CONTEXT));
  return index === -1 ? undefined : index;
}
