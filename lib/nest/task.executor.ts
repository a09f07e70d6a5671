import type { ArgumentsHost } from '@nestjs/common';
import {
  ContextIdFactory,
  ExternalContextCreator,
  ModuleRef,
  type ContextId,
  type ParamsFactory,
} from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { TaskContext } from '../context/task.context.js';
import type { TaskDefinition } from '../task/task.definition.js';
import { CUSTOM_ROUTE_ARGS, ROUTE_ARGS_METADATA } from '../task/task.metadata.js';
import { TaskSignal } from '../task/task.signals.js';
import type { TaskHandler } from '../worker/pool/pool.js';
import { handlerOf } from '../worker/task.handler.js';
import type { EnhancerOptions } from './celery.options.js';
import { creatorWithGlobals, customFilters } from './nest-internals.js';
import type { FoundTask } from './task.explorer.js';

/** `ExecutionContext.getType()` of a task. */
export const TASK_CONTEXT_TYPE = 'task';
export type TaskContextType = typeof TASK_CONTEXT_TYPE;

const TASK_ARGS_METADATA = 'nestjs-celery:args';
/** Kind of parameter: Nest's `RouteParamtypes.BODY`, so that ValidationPipe takes it for an argument. */
const ARGUMENT = 3;

/** The arguments stand beside the context in what enhancers get: `getArgByIndex(0)` is the context, `(1)` the arguments. */
type Call = readonly [context: TaskContext, args: readonly unknown[]];

const paramsFactory: ParamsFactory = {
  exchangeKeyForValue: (_type: number, position, [, args]: Call) => args[Number(position)],
};

/** Makes of a task method what the worker calls: with the instance, the arguments and the enhancers it asks for. */
export class TaskExecutor {
  readonly #creator: ExternalContextCreator;
  readonly #anyGlobals: boolean;

  constructor(
    private readonly moduleRef: ModuleRef,
    enhancers: Readonly<Required<EnhancerOptions>>,
  ) {
    this.#creator = creatorWithGlobals(moduleRef, enhancers);
    this.#anyGlobals = Object.values(enhancers).includes(true);
  }

  handlerOf(task: FoundTask, definition: TaskDefinition): TaskHandler {
    const run = task.scoped ? this.#scoped(task) : this.#on(task.wrapper.instance as object, task, undefined);
    return handlerOf(definition, async (context, args) => {
      const value = await run(context, args);
      // What interceptors and filters make of a retry does not change that it was asked for.
      if (context.steered !== undefined) throw context.steered;
      return value;
    });
  }

  /** A fresh instance, with everything of its scope, for each attempt. */
  #scoped(task: FoundTask): Run {
    const { wrapper } = task;
    const durable = wrapper.isDependencyTreeDurable();
    return async (context, args) => {
      const contextId: ContextId = ContextIdFactory.getByRequest(context);
      const payload: unknown = durable ? Reflect.get(contextId, 'payload') : undefined;
      this.moduleRef.registerRequestByContextId(payload ?? context, contextId);
      // The provider's own module: another may have one under the same token.
      const home = wrapper.host?.getProviderByKey<ModuleRef>(ModuleRef).instance ?? this.moduleRef;
      const instance: object = await home.resolve(wrapper.token, contextId, { strict: true });
      return this.#on(instance, task, contextId)(context, args);
    };
  }

  #on(instance: object, task: FoundTask, contextId: ContextId | undefined): Run {
    return this.#isEnhanced(task) ? this.#enhanced(instance, task, contextId) : plain(instance, task);
  }

  /** Most tasks have no enhancers and are simply called. */
  #isEnhanced({ declared, taskClass }: FoundTask): boolean {
    const marked = ENHANCER_METADATA.some(
      (key) => Reflect.hasMetadata(key, declared.method) || Reflect.hasMetadata(key, taskClass),
    );
    return this.#anyGlobals || marked || declared.decorated.length > 0;
  }

  #enhanced(instance: object, task: FoundTask, contextId: ContextId | undefined): Run {
    const { key, wrapper, taskClass } = task;
    const { count, taken } = describeParameters(task);
    const callback = callbackOf(instance, task, count, taken);
    keepApart(taskClass);
    const inquirerId = contextId === undefined ? undefined : wrapper.id;
    const enhancers = { guards: true, interceptors: true, filters: false };
    const call = this.#creator.create(
      instance as Record<string, (...args: unknown[]) => unknown>,
      callback,
      key,
      TASK_ARGS_METADATA,
      paramsFactory,
      contextId,
      inquirerId,
      enhancers,
      TASK_CONTEXT_TYPE,
    );
    const filter = customFilters(
      this.#creator,
      instance,
      callback,
      wrapper.host?.token,
      contextId,
      inquirerId,
    );
    return async (context, args) => {
      if (args.length > taken) gathered.set(context, args);
      try {
        return await lastValue(await call(context, args));
      } catch (error) {
        if (error instanceof TaskSignal || context.steered !== undefined) throw error;
        const answer: unknown = await filter(error, hostOf([context, args]));
        // As in Nest: a filter that returns nothing has not handled the error.
        if (answer === undefined || answer === null) throw error;
        return lastValue(answer);
      }
    };
  }
}

type Run = (context: TaskContext, args: unknown[]) => unknown;

const ENHANCER_METADATA = ['__guards__', '__interceptors__', '__pipes__', '__exceptionFilters__'];

function plain(instance: object, { key, declared }: FoundTask): Run {
  const { contextIndex } = declared;
  return (context, args) => {
    if (contextIndex !== undefined) {
      while (args.length < contextIndex) args.push(undefined);
      args.splice(contextIndex, 0, context);
    }
    return lastValue(methodOf(instance, key).apply(instance, args));
  };
}

function lastValue(value: unknown): unknown {
  return isObservable(value) ? lastValueFrom(value, { defaultValue: undefined }) : value;
}

/** Asked at each call: a test may have put a spy in its place. */
function methodOf(instance: object, key: string): (...args: unknown[]) => unknown {
  return Reflect.get(instance, key) as (...args: unknown[]) => unknown;
}

/**
 * Tells Nest which argument each parameter gets, so that pipes see them. The context is no argument: no pipe sees it.
 * @returns how many parameters there are, and how many of them take an argument; a rest parameter counts as one
 */
function describeParameters({ declared, taskClass, key }: FoundTask): { count: number; taken: number } {
  const { contextIndex, decorated, method } = declared;
  const types: unknown = Reflect.getMetadata('design:paramtypes', taskClass.prototype, key);
  const written = Array.isArray(types) ? types.length : method.length;
  const count = Math.max(written, (contextIndex ?? -1) + 1, ...decorated.map((index) => index + 1));
  const custom: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, taskClass, key);
  const described: Record<string, unknown> = Object.fromEntries(
    Object.entries(typeof custom === 'object' && custom !== null ? custom : {}).filter(([kind]) =>
      kind.includes(CUSTOM_ROUTE_ARGS),
    ),
  );
  let position = 0;
  for (let index = 0; index < count; index += 1) {
    if (index === contextIndex || decorated.includes(index)) continue;
    described[`${ARGUMENT}:${index}`] = { index, data: position, pipes: [] };
    position += 1;
  }
  Reflect.defineMetadata(TASK_ARGS_METADATA, described, taskClass, key);
  return { count, taken: position };
}

/**
 * What Nest calls in the method's place: carries its name and metadata, puts in the context, and appends what a rest
 * parameter gathers beyond its first, which no pipe sees.
 */
function callbackOf(
  instance: object,
  { key, declared }: FoundTask,
  count: number,
  taken: number,
): (...args: unknown[]) => unknown {
  const { contextIndex, method } = declared;
  const callback = (...slots: unknown[]): unknown => {
    const context = TaskContext.current();
    // A method without parameters gets from Nest what the enhancers got.
    const args = slots.slice(0, count);
    if (contextIndex !== undefined) args[contextIndex] = context;
    const further = context === undefined ? undefined : gathered.get(context)?.slice(taken);
    return methodOf(instance, key).apply(instance, further === undefined ? args : [...args, ...further]);
  };
  for (const metadataKey of Reflect.getMetadataKeys(method)) {
    Reflect.defineMetadata(metadataKey, Reflect.getMetadata(metadataKey, method), callback);
  }
  Object.defineProperty(callback, 'name', { value: method.name });
  return callback;
}

/** All arguments of the calls of methods with a rest parameter. */
const gathered = new WeakMap<TaskContext, readonly unknown[]>();

/** Nest 11 keeps parameter metadata by class name: two classes of one name would share it without an id of their own. */
function keepApart(taskClass: object): void {
  if (Object.hasOwn(taskClass, 'CONTROLLER_ID')) return;
  Object.defineProperty(taskClass, 'CONTROLLER_ID', {
    value: crypto.randomUUID(),
    configurable: true,
    writable: true,
  });
}

function hostOf(args: Call): ArgumentsHost {
  const only = (): never => {
    throw new TypeError('A task has no HTTP, RPC or WebSocket side. Ask host.getType() first.');
  };
  return {
    getArgs: <T extends unknown[]>() => args as unknown as T,
    getArgByIndex: <T>(index: number) => args[index] as T,
    getType: <T extends string>() => TASK_CONTEXT_TYPE as T,
    switchToHttp: only,
    switchToRpc: only,
    switchToWs: only,
  };
}
