import type { ArgumentsHost } from '@nestjs/common';
import { ExternalContextCreator, type ContextId, type ModuleRef } from '@nestjs/core';
import type { EnhancerOptions } from './celery.options.js';

// The border to what Nest 11 and 12 have alike but do not declare. Everything that reaches behind their public types is here.

type Container = Parameters<typeof ExternalContextCreator.fromContainer>[0];

const GETTERS = {
  guards: ['getGlobalGuards', 'getGlobalRequestGuards'],
  interceptors: ['getGlobalInterceptors', 'getGlobalRequestInterceptors'],
  pipes: ['getGlobalPipes', 'getGlobalRequestPipes'],
  filters: ['getGlobalFilters', 'getGlobalRequestFilters'],
} as const satisfies Record<keyof EnhancerOptions, readonly string[]>;

/** A context creator of our own, that sees the application's global enhancers only as far as they are asked for. */
export function creatorWithGlobals(
  moduleRef: ModuleRef,
  enhancers: Readonly<Required<EnhancerOptions>>,
): ExternalContextCreator {
  const container = Reflect.get(moduleRef, 'container') as Container;
  const none = { value: () => [] };
  const hidden = (Object.keys(GETTERS) as (keyof typeof GETTERS)[])
    .filter((kind) => !enhancers[kind])
    .flatMap((kind) => GETTERS[kind].map((getter) => [getter, none] as const));
  const applicationConfig: unknown = Object.create(
    container.applicationConfig ?? null,
    Object.fromEntries(hidden),
  );
  const view = Object.create(container, { applicationConfig: { value: applicationConfig } }) as Container;
  return ExternalContextCreator.fromContainer(view);
}

interface FiltersContextCreator {
  create(
    instance: object,
    callback: (...args: unknown[]) => unknown,
    moduleKey: string | undefined,
    contextId?: ContextId,
    inquirerId?: string,
  ): { invokeCustomFilters(error: unknown, host: ArgumentsHost): unknown };
}

/**
 * The exception filters of a method, its class, and the application where they are asked for. Called by hand instead of
 * by Nest, which would log every error that the worker logs too.
 */
export function customFilters(
  creator: ExternalContextCreator,
  instance: object,
  callback: (...args: unknown[]) => unknown,
  moduleKey: string | undefined,
  contextId: ContextId | undefined,
  inquirerId: string | undefined,
): (error: unknown, host: ArgumentsHost) => unknown {
  const filters = Reflect.get(creator, 'filtersContextCreator') as FiltersContextCreator;
  const handler = filters.create(instance, callback, moduleKey, contextId, inquirerId);
  return (error, host) => handler.invokeCustomFilters(error, host);
}

/**
 * Makes Nest start a module last and end it first, before the providers that its tasks use. Nest orders modules by their
 * distance from the root; ours are put before it.
 */
export function startLastEndFirst(modules: Iterable<object>, metatype: unknown): void {
  for (const module of modules) {
    if (Reflect.get(module, 'metatype') === metatype) Reflect.set(module, 'distance', -1);
  }
}
