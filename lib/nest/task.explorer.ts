import { Injectable, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { declaredCommand } from '../control/control-command.metadata.js';
import { declaredHooks } from '../hooks/hook.metadata.js';
import type { Hook } from '../hooks/hooks.js';
import type { ProcHooks } from '../worker/pool/proc.hooks.js';
import type { WorkerProcInit, WorkerProcShutdown } from './worker-proc.hooks.js';
import type { OwnCommand } from '../worker/control/dispatch.js';
import { InvalidOptionError } from '../errors.js';
import { declaredTask, type DeclaredTask } from '../task/task.metadata.js';
import { periodicsOn } from './periodic.decorator.js';

/** Nest's record of one provider or controller. */
export type ProviderWrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A `@Task()` method of a provider or controller of this application. */
export interface FoundTask {
  readonly declared: DeclaredTask;
  /** The method's name. */
  readonly key: string;
  readonly taskClass: Type;
  readonly wrapper: ProviderWrapper;
  /** It, or something it is injected with, is in request or transient scope: every attempt gets an instance of its own. */
  readonly scoped: boolean;
}

/** A `@ControlCommand()` method of a provider. */
export interface FoundCommand {
  readonly name: string;
  readonly command: OwnCommand;
  readonly source: string;
}

/** Finds the tasks of the application. */
@Injectable()
export class TaskExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  explore(): FoundTask[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap((wrapper) => this.#tasksOf(wrapper));
  }

  /** Of every provider that has one of the methods, in the order in which Nest made them. */
  procHooks(): ProcHooks[] {
    return this.#instances()
      .filter(hasProcHook)
      .map((provider) => ({
        init: async () => void (await provider.workerProcInit?.()),
        shutdown: async () => void (await provider.workerProcShutdown?.()),
      }));
  }

  /** Providers that are made once, each once. */
  #instances(): object[] {
    const instances = this.discovery
      .getProviders()
      .filter((wrapper) => !wrapper.isAlias && wrapper.isDependencyTreeStatic() && !wrapper.isTransient)
      .map(({ instance }: { instance: unknown }) => instance);
    return [...new Set(instances)].filter((instance) => typeof instance === 'object' && instance !== null);
  }

  /** Remote commands among the methods of providers that are made once. */
  commands(): FoundCommand[] {
    return this.#methods().flatMap(({ method, bound, source }) => {
      const name = declaredCommand(method);
      return name === undefined ? [] : [{ name, command: bound as OwnCommand, source }];
    });
  }

  /** Listeners among the methods of providers that are made once. */
  hooks(): Hook[] {
    return this.#methods().flatMap(({ method, bound, source }) =>
      declaredHooks(method).map((declared) => ({ ...declared, source, listener: bound as Hook['listener'] })),
    );
  }

  #methods(): { readonly method: object; readonly bound: unknown; readonly source: string }[] {
    return this.#instances().flatMap((instance) =>
      this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object).flatMap((key) => {
        const method: unknown = Reflect.get(instance, key);
        if (typeof method !== 'function') return [];
        const bound: unknown = method.bind(instance);
        return [{ method, bound, source: `${instance.constructor.name}.${key}` }];
      }),
    );
  }

  #tasksOf(wrapper: ProviderWrapper): FoundTask[] {
    // An alias (`useExisting`) shows a provider that is found under its own token.
    if (wrapper.isAlias) return [];
    // A transient provider's instance here is a shell whose constructor never ran.
    const scoped = !wrapper.isDependencyTreeStatic() || wrapper.isTransient;
    const taskClass = classOf(wrapper, scoped);
    if (taskClass === undefined) return [];
    const found: FoundTask[] = [];
    for (const key of this.scanner.getAllMethodNames(taskClass.prototype)) {
      const declared = declaredTask(taskClass, key);
      if (declared === undefined) {
        refuseLonePeriodic(taskClass, key);
        continue;
      }
      const source = `${declared.source} in ${wrapper.host?.metatype.name ?? 'an unknown module'}`;
      found.push({ declared: { ...declared, source }, key, taskClass, wrapper, scoped });
    }
    return found;
  }
}

/** It would never run, and nothing would say so. */
function refuseLonePeriodic(taskClass: Type, key: string): void {
  const method: unknown = Reflect.getOwnPropertyDescriptor(taskClass.prototype as object, key)?.value;
  if (typeof method !== 'function' || periodicsOn(method).length === 0) return;
  throw new InvalidOptionError(`${taskClass.name}.${key}`, 'has @Periodic() but no @Task(). Put both on it.');
}

function hasProcHook(instance: object): instance is Partial<WorkerProcInit & WorkerProcShutdown> {
  return ['workerProcInit', 'workerProcShutdown'].some(
    (key) => typeof Reflect.get(instance, key) === 'function',
  );
}

/** The class whose methods to look at: of a static provider that of its instance, however it was made. */
function classOf({ instance, metatype, inject }: ProviderWrapper, scoped: boolean): Type | undefined {
  if (scoped) return isClass(metatype) && inject === undefined ? metatype : undefined;
  if (typeof instance !== 'object' || instance === null) return undefined;
  const made: unknown = Reflect.get(instance, 'constructor');
  return isClass(made) ? made : undefined;
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null;
}
