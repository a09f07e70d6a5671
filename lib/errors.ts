/** Everything this library throws on purpose. Switch on `code`; read the fields; follow `cause`. */
export abstract class CeleryError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option, argument or flag that cannot be used. The message names it, its value and the way out. */
export class InvalidOptionError extends CeleryError {
  readonly code = 'INVALID_OPTION';

  /** @param path where the option stands, for example `celery.taskQueues[0].name` */
  constructor(
    readonly path: string,
    readonly problem: string,
  ) {
    super(`${path}: ${problem}`);
  }
}

/** An optional package is not installed. */
export class MissingPackageError extends CeleryError {
  readonly code = 'MISSING_PACKAGE';

  constructor(
    readonly packageName: string,
    neededFor: string,
    cause: unknown,
  ) {
    super(`${neededFor} needs the package "${packageName}". Run: npm install ${packageName}`, { cause });
  }
}

/** The broker cannot be reached. Nothing was sent: the call may be repeated. */
export class BrokerUnavailableError extends CeleryError {
  readonly code = 'BROKER_UNAVAILABLE';

  /** @param url already free of credentials */
  constructor(
    readonly url: string,
    cause?: unknown,
  ) {
    super(`Broker ${url} ${whyUnavailable(cause)}`, { cause });
  }
}

/** The broker was used after it had been closed. Nothing was done. */
export class BrokerClosedError extends CeleryError {
  readonly code = 'BROKER_CLOSED';

  /** @param url already free of credentials */
  constructor(readonly url: string) {
    super(`The connection to broker ${url} has been closed by this program. Open a new one to go on.`);
  }
}

/** The broker answered and said no: a missing permission, an argument it does not know. The same call will not succeed. */
export class BrokerRefusedError extends CeleryError {
  readonly code = 'BROKER_REFUSED';

  constructor(
    /** What it was asked to do. */
    readonly action: string,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`The broker refused to ${action}: ${reason}`, { cause });
  }
}

/** A publish did not succeed. `mayHaveBeenDelivered` says whether sending again can make a second copy. */
export class PublishError extends CeleryError {
  readonly code = 'PUBLISH_FAILED';

  constructor(
    readonly target: string,
    readonly mayHaveBeenDelivered: boolean,
    reason: string,
    cause?: unknown,
  ) {
    super(
      `Message for ${target} was not confirmed: ${reason}. ` +
        (mayHaveBeenDelivered
          ? 'It may have been delivered; sending it again with the same task id can run it twice.'
          : 'It was not delivered; it may be sent again.'),
      { cause },
    );
  }
}

/** No queue is bound where the message was sent, so the broker returned it. */
export class UnroutableError extends CeleryError {
  readonly code = 'UNROUTABLE';

  constructor(readonly target: string) {
    super(
      `No queue receives messages sent to ${target}. Declare the queue (taskQueues) or start its worker first.`,
    );
  }
}

/** A queue or exchange exists with other arguments than the configuration asks for. */
export class TopologyConflictError extends CeleryError {
  readonly code = 'TOPOLOGY_CONFLICT';

  constructor(
    readonly entity: string,
    reason: string,
    cause?: unknown,
  ) {
    super(
      `${entity} exists with other arguments: ${reason}. Make the declaration equal, or delete the old one.`,
      { cause },
    );
  }
}

/** The result backend cannot be reached or did not answer in time. */
export class BackendUnavailableError extends CeleryError {
  readonly code = 'BACKEND_UNAVAILABLE';

  constructor(
    readonly url: string,
    cause?: unknown,
  ) {
    const problem =
      cause instanceof Error && cause.message !== ''
        ? `is not available: ${cause.message}`
        : 'cannot be reached. Is it running, and may this host connect?';
    super(`Result backend ${url} ${problem}`, { cause });
  }
}

/** The place where periodic tasks are kept cannot be reached or used. Beat goes on trying. */
export class ScheduleStoreError extends CeleryError {
  readonly code = 'SCHEDULE_STORE';

  /** @param url already free of credentials */
  constructor(
    readonly url: string,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`Schedule store ${url}: ${reason}`, { cause });
  }
}

/** Results were asked for where no result backend is configured. */
export class NoResultBackendError extends CeleryError {
  readonly code = 'NO_RESULT_BACKEND';

  constructor() {
    super(
      'No result backend is configured. Set `backend` or CELERY_RESULT_BACKEND, for example redis://localhost.',
    );
  }
}

/** Bytes from outside that are not a task message. The worker quarantines them with this reason. */
export class UndecodableMessageError extends CeleryError {
  readonly code = 'UNDECODABLE_MESSAGE';

  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`Message cannot be decoded: ${reason}`, { cause });
  }
}

/** A value cannot be written in the chosen serializer. */
export class EncodeError extends CeleryError {
  readonly code = 'ENCODE_ERROR';

  constructor(
    /** The path of the value: `args[0].photo`. */
    readonly what: string,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`${what} cannot be serialized: ${reason}`, { cause });
  }
}

/** A call does not fit the task it names: too few, too many or unknown arguments. Nothing was sent. */
export class InvalidCallError extends CeleryError {
  readonly code = 'INVALID_CALL';

  constructor(
    readonly taskName: string,
    readonly problem: string,
  ) {
    super(`${taskName}: ${problem}`);
  }
}

/** A canvas that cannot be sent: steps that are no list, a step that is no signature, nesting without end. */
export class InvalidCanvasError extends CeleryError {
  readonly code = 'INVALID_CANVAS';

  /** @param where the place in the canvas, such as `chain step 3` or `celery.chain` */
  constructor(
    readonly where: string,
    readonly problem: string,
  ) {
    super(`${where}: ${problem}`);
  }
}

/** A batch task's method returned something other than one result for each item. Each of its messages fails. */
export class BatchResultError extends CeleryError {
  readonly code = 'BATCH_RESULT';

  constructor(
    readonly taskName: string,
    problem: string,
  ) {
    super(
      `${taskName} ${problem}. Return a list with one result or verdict for each item, in their order, or nothing.`,
    );
  }
}

/** The key that a limit of a task is counted by cannot be had from its arguments. The task fails. */
export class LimitKeyError extends CeleryError {
  readonly code = 'LIMIT_KEY';

  constructor(
    readonly taskName: string,
    readonly option: 'rateLimit' | 'concurrency',
    reason: string,
    cause?: unknown,
  ) {
    super(`${option}.key of ${taskName}: ${reason}`, { cause });
  }
}

/** No task of this name is registered here. Celery's `NotRegistered`. */
export class NotRegistered extends CeleryError {
  readonly code = 'NOT_REGISTERED';

  constructor(
    readonly taskName: string,
    nearest?: string,
  ) {
    super(
      `Task ${JSON.stringify(taskName)} is not registered.` +
        (nearest === undefined ? '' : ` Did you mean ${JSON.stringify(nearest)}?`),
    );
  }
}

/** The task ran and failed. What it threw is carried as data; an error name never becomes a class. */
export class TaskFailedError extends CeleryError {
  readonly code = 'TASK_FAILED';

  constructor(
    readonly taskId: string,
    /** The remote error: Python's or ours, as stored in the result. */
    readonly remote: {
      readonly type: string;
      readonly module: string | undefined;
      readonly message: string;
      readonly args: readonly unknown[];
    },
    /** The remote traceback or stack, as text. */
    readonly traceback: string | undefined,
  ) {
    super(`Task ${taskId} failed: ${remote.type}: ${remote.message}`);
  }
}

/** The task was revoked, expired or terminated before it gave a result. */
export class TaskRevokedError extends CeleryError {
  readonly code = 'TASK_REVOKED';

  constructor(
    readonly taskId: string,
    /** Celery's word: `revoked`, `expired` or `terminated`. */
    readonly reason: string,
  ) {
    super(`Task ${taskId} was revoked: ${reason}`);
  }
}

/** `get({ timeout })` ran out. The task may still finish. */
export class ResultTimeoutError extends CeleryError {
  readonly code = 'RESULT_TIMEOUT';

  constructor(
    /** Of the task, or of the group. */
    readonly taskId: string,
    readonly timeoutMs: number,
    /** Of a group: how many of its tasks had no result. */
    readonly missing?: number,
  ) {
    super(
      missing === undefined
        ? `Task ${taskId} had no result after ${timeoutMs} ms. It may still be waiting or running.`
        : `Group ${taskId}: ${missing} of its tasks had no result after ${timeoutMs} ms. They may still be waiting or running.`,
    );
  }
}

/** Something that cannot be done here. The message says what, and what to do instead. */
export class UnsupportedError extends CeleryError {
  readonly code = 'UNSUPPORTED';

  constructor(
    readonly what: string,
    reason: string,
  ) {
    super(`${what} is not supported: ${reason}`);
  }
}

/** What servers say of a name or a password that they do not know. */
const LOGIN_REFUSED = /ACCESS_REFUSED|ACCESS-REFUSED|WRONGPASS|NOAUTH/;

function whyUnavailable(cause: unknown): string {
  return cause instanceof Error && LOGIN_REFUSED.test(cause.message)
    ? 'does not let this user in. Are the name and the password right?'
    : 'cannot be reached. Is it running, and may this host connect?';
}
