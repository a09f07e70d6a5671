import { types } from 'node:util';
import { CeleryError } from '../errors.js';
import { saferepr } from './saferepr.js';

/** An exception as Celery stores it: data for ever, never a class. */
export interface RemoteError {
  readonly exc_type: string;
  /** The constructor's arguments. */
  readonly exc_message: readonly unknown[];
  readonly exc_module: string;
}

const MAX_MESSAGE_LENGTH = 64 * 1024;
const MAX_TRACEBACK_LENGTH = 256 * 1024;
const MAX_CAUSES = 5;
/** A module that Python cannot have loaded, so that it makes a class of the name instead of looking for one. */
const OUR_MODULE = 'js';

/** What was thrown, whatever it was, in the form that Celery stores and Python's `get()` raises again. Never throws. */
export function toRemoteError(thrown: unknown): RemoteError {
  try {
    return isError(thrown) ? describeError(thrown) : describeOther(thrown);
  } catch {
    return { exc_type: 'Error', exc_message: ['an error that cannot be read'], exc_module: OUR_MODULE };
  }
}

/** The stack and those of its causes, bounded. Empty for what has no stack. Never throws. */
export function tracebackOf(thrown: unknown): string {
  try {
    return stacksOf(thrown);
  } catch {
    return '';
  }
}

function describeError(error: Error): RemoteError {
  const counterpart = error instanceof CeleryError ? COUNTERPARTS.get(error.code) : undefined;
  if (counterpart !== undefined) {
    const [type, module, argsOf] = counterpart;
    const args = argsOf === undefined ? [messageOf(error)] : argsOf((field) => Reflect.get(error, field));
    return { exc_type: type, exc_message: args, exc_module: module };
  }
  const name = nameOf(error);
  const module = PYTHON_BUILTINS.has(name) ? 'builtins' : OUR_MODULE;
  return { exc_type: name, exc_message: [messageOf(error)], exc_module: module };
}

function describeOther(thrown: unknown): RemoteError {
  const text = typeof thrown === 'string' ? bounded(thrown, MAX_MESSAGE_LENGTH) : saferepr(thrown);
  return { exc_type: 'Error', exc_message: [text], exc_module: OUR_MODULE };
}

type ArgsOf = (field: (name: string) => unknown) => readonly unknown[];

/** By error code: Python's name for what this library throws, its module, and its arguments where they are not the message. */
const COUNTERPARTS = new Map<string, readonly [type: string, module: string, argsOf?: ArgsOf]>([
  ['MAX_RETRIES_EXCEEDED', ['MaxRetriesExceededError', 'celery.exceptions']],
  ['NOT_REGISTERED', ['NotRegistered', 'celery.exceptions', (field) => [field('taskName')]]],
  ['REJECT', ['Reject', 'celery.exceptions', (field) => [field('message'), field('requeue')]]],
  ['IGNORE', ['Ignore', 'celery.exceptions']],
  ['RETRY', ['Retry', 'celery.exceptions']],
  ['TASK_REVOKED', ['TaskRevokedError', 'celery.exceptions', (field) => [field('reason')]]],
  ['SOFT_TIME_LIMIT_EXCEEDED', ['SoftTimeLimitExceeded', 'billiard.exceptions', () => []]],
  ['TIME_LIMIT_EXCEEDED', ['TimeLimitExceeded', 'billiard.exceptions', (field) => [field('limitSeconds')]]],
  ['WORKER_LOST', ['WorkerLostError', 'billiard.exceptions']],
  ['ENCODE_ERROR', ['EncodeError', 'kombu.exceptions']],
]);

/** Python's built-in exceptions that may be raised from one text. Those that end a program or a loop are left out. */
const PYTHON_BUILTINS = new Set(
  (
    'ArithmeticError AssertionError AttributeError BlockingIOError BrokenPipeError BufferError ChildProcessError ' +
    'ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError EOFError Exception FileExistsError ' +
    'FileNotFoundError FloatingPointError IOError ImportError IndentationError IndexError InterruptedError IsADirectoryError ' +
    'KeyError LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError ' +
    'OverflowError PermissionError ProcessLookupError RecursionError ReferenceError RuntimeError RuntimeWarning SyntaxError ' +
    'SystemError TimeoutError TypeError UnicodeError UserWarning ValueError Warning ZeroDivisionError'
  ).split(' '),
);

/** Errors of other realms (a `vm` context) are no instances of ours. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || types.isNativeError(thrown);
}

/** A class that did not set its name is better known by its class. */
function nameOf(error: Error): string {
  const names: readonly unknown[] = [error.name, error.constructor?.name];
  return names.filter(isName).find((name) => name !== 'Error') ?? 'Error';
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name);
}

const NAME = /^[A-Za-z_$][\w$.]{0,199}$/;

function messageOf(error: Error): string {
  const message: unknown = error.message;
  return bounded(typeof message === 'string' ? message : saferepr(message), MAX_MESSAGE_LENGTH);
}

function stacksOf(thrown: unknown): string {
  const parts: string[] = [];
  let error = thrown;
  for (let depth = 0; isError(error) && depth <= MAX_CAUSES; depth += 1) {
    const stack = typeof error.stack === 'string' ? error.stack : `${nameOf(error)}: ${messageOf(error)}`;
    parts.push(`${depth === 0 ? '' : 'Caused by: '}${stack.slice(0, MAX_TRACEBACK_LENGTH)}`);
    error = error.cause;
  }
  return bounded(parts.join('\n'), MAX_TRACEBACK_LENGTH);
}

/** Half of a surrogate pair could not be stored. */
function bounded(text: string, length: number): string {
  return (text.length > length ? `${text.slice(0, length - 3)}...` : text).toWellFormed();
}
