import { InvalidOptionError } from '../errors.js';
import { compileGlob } from '../runtime/glob.js';
import { describe } from '../runtime/options.js';
import type { TaskOptions } from './task.options.js';

/** What an annotation may set: all but what belongs to the code itself. */
export type AnnotationOptions = Omit<TaskOptions, 'name' | 'bind' | 'params'>;

/** Task name, pattern or `*` → options that win over the task's own. */
export type TaskAnnotations = Readonly<Record<string, AnnotationOptions>>;

/** One entry, its pattern ready to be asked. */
export interface Annotation {
  readonly matches: (taskName: string) => boolean;
  readonly options: AnnotationOptions;
}

/** Reads `taskAnnotations`, in the order they apply: `*`, patterns, names. Option values are checked with the task's own. */
export function taskAnnotations(value: unknown, path: string): readonly Annotation[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(path, `expected an object of task name to options, got ${describe(value)}`);
  }
  return Object.entries(value)
    .map(([pattern, options]) => ({ pattern, options: annotationOptions(options, `${path}[${pattern}]`) }))
    .sort((a, b) => rank(a.pattern) - rank(b.pattern))
    .map(({ pattern, options }) => Object.freeze({ matches: matcherOf(pattern), options }));
}

/** The task's options with everything said about its name laid over them. */
export function annotated(
  options: TaskOptions,
  name: string,
  annotations: readonly Annotation[],
): TaskOptions {
  return annotations
    .filter((annotation) => annotation.matches(name))
    .reduce<TaskOptions>((under, { options: over }) => ({ ...under, ...over }), options);
}

function annotationOptions(value: unknown, path: string): AnnotationOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidOptionError(path, `expected an object of task options, got ${describe(value)}`);
  }
  const fixed = ['name', 'bind', 'params'].find((key) => Object.hasOwn(value, key));
  if (fixed !== undefined) {
    throw new InvalidOptionError(`${path}.${fixed}`, 'belongs to the code of the task. Set it in @Task()');
  }
  return value;
}

function rank(pattern: string): number {
  if (pattern === '*') return 0;
  return isPattern(pattern) ? 1 : 2;
}

function matcherOf(pattern: string): (taskName: string) => boolean {
  return isPattern(pattern) ? compileGlob(pattern) : (name) => name === pattern;
}

/** Celery's rule: only a `*` makes a pattern. */
function isPattern(text: string): boolean {
  return text.includes('*');
}
