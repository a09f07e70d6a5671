import type { TaskMeta } from '../backend/result-backend.js';
import { TaskFailedError, TaskRevokedError } from '../errors.js';
import type { RemoteError } from '../message/remote-error.js';
import { saferepr } from '../message/saferepr.js';

/** Whatever a worker stored: no more than this goes into an error that may be logged. */
const MAX_TYPE_LENGTH = 255;
const MAX_MESSAGE_LENGTH = 64 * 1024;
const MAX_TRACEBACK_LENGTH = 256 * 1024;

/** The error that a stored FAILURE or REVOKED is thrown as. The remote error stays data: its name never becomes a class. */
export function taskError({ taskId, status, result, traceback }: TaskMeta): Error {
  const { exc_type: type, exc_message: args, exc_module: module } = result as RemoteError;
  const message = bounded(args.map((arg) => (typeof arg === 'string' ? arg : saferepr(arg))).join(', '));
  if (status === 'REVOKED') return new TaskRevokedError(taskId, message);
  const remote = {
    type: type.slice(0, MAX_TYPE_LENGTH),
    module: module === '' ? undefined : module,
    message,
    args,
  };
  return new TaskFailedError(taskId, remote, traceback?.slice(0, MAX_TRACEBACK_LENGTH));
}

function bounded(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH - 3)}...` : message;
}
