import * as errors from '../../errors.js';
import { isPlainData } from '../../message/plain-data.js';
import { toRemoteError } from '../../message/remote-error.js';
import { saferepr } from '../../message/saferepr.js';
import * as signals from '../../task/task.signals.js';

/** Something thrown, as data. */
export type Thrown =
  | {
      readonly kind: 'error';
      /** Class of this library; undefined: the user's own, which stays a plain error with its name. */
      readonly known: string | undefined;
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      /** Its further own members, as far as they are plain data. */
      readonly fields: Readonly<Record<string, unknown>>;
      readonly cause: Thrown | undefined;
    }
  /** No error, though it was thrown. */
  | { readonly kind: 'text'; readonly text: string };

/** Never throws. */
export function toThrown(thrown: unknown): Thrown {
  try {
    return describe(thrown, 0);
  } catch {
    return UNREADABLE;
  }
}

/**
 * The error again. One of this library's own is of its class again, so that what asks for it by class finds it; a name of
 * the user's never becomes a class.
 */
export function fromThrown(thrown: Thrown): unknown {
  if (thrown.kind === 'text') return thrown.text;
  const { known, name, message, stack, fields, cause } = thrown;
  const error = new Error(message, cause === undefined ? undefined : { cause: fromThrown(cause) });
  const prototype = known === undefined ? undefined : CLASSES.get(known)?.prototype;
  if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  define(error, 'name', name);
  define(error, 'stack', stack);
  return Object.assign(error, fields);
}

const MAX_CAUSES = 5;
const TOLD_APART: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause']);
const UNREADABLE: Thrown = Object.freeze({ kind: 'text', text: 'an error that cannot be read' });

type ErrorClass = abstract new (...args: never[]) => Error;

/** By name: both sides run the same build. */
const CLASSES: ReadonlyMap<string, ErrorClass> = new Map(
  [...Object.values(errors), ...Object.values(signals)]
    .filter(isErrorClass)
    .map((each) => [each.name, each] as const),
);

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof Error;
}

function describe(thrown: unknown, depth: number): Thrown {
  if (!(thrown instanceof Error)) {
    return { kind: 'text', text: typeof thrown === 'string' ? thrown : saferepr(thrown) };
  }
  const known = classOf(thrown);
  const { message, stack } = thrown;
  const own = Object.entries(thrown).filter(([key, value]) => !TOLD_APART.has(key) && isPlainData(value));
  return {
    kind: 'error',
    known,
    name: known === undefined ? toRemoteError(thrown).exc_type : thrown.name,
    message: typeof message === 'string' ? message : saferepr(message),
    stack: typeof stack === 'string' ? stack : undefined,
    fields: Object.fromEntries(own),
    cause: thrown.cause === undefined || depth >= MAX_CAUSES ? undefined : describe(thrown.cause, depth + 1),
  };
}

/** The nearest class of this library that it is an instance of. */
function classOf(error: Error): string | undefined {
  for (
    let prototype: unknown = Object.getPrototypeOf(error);
    typeof prototype === 'object' && prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const made: unknown = Reflect.get(prototype, 'constructor');
    if (typeof made === 'function' && CLASSES.get(made.name) === made) return made.name;
  }
  return undefined;
}

/** As `Error` itself has them: not enumerable. */
function define(error: Error, key: 'name' | 'stack', value: string | undefined): void {
  Object.defineProperty(error, key, { value, enumerable: false, configurable: true, writable: true });
}
