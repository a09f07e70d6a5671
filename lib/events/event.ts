// What Celery's workers and clients tell monitors. Field names are those on the wire, so that they can be looked up in Celery's
// documentation; `timestamp` is in seconds since the epoch, `runtime` and `freq` in seconds.

/** What every event carries. */
export interface EventOrigin {
  /** Node name: `celery@host`, or `gen<pid>@host` of a client. */
  readonly hostname: string;
  /** Hours west of UTC where it was sent: UTC+2 is -2. `timestamp` is in UTC all the same. */
  readonly utcoffset: number;
  readonly pid: number;
  /** Lamport clock of the sender. Clients do not share theirs. */
  readonly clock: number;
  /** Seconds since the epoch, by the sender's clock. */
  readonly timestamp: number;
}

/** A worker has started, lives, or has stopped. Undefined: this sender does not say. */
export interface WorkerState extends EventOrigin {
  /** Seconds between its heartbeats. */
  readonly freq: number | undefined;
  /** Tasks that run. */
  readonly active: number | undefined;
  /** Tasks that have ended since its start. */
  readonly processed: number | undefined;
  /** Of the last 1, 5 and 15 minutes. */
  readonly loadavg: readonly number[] | undefined;
  /** `py-celery`, `nestjs-celery`. */
  readonly sw_ident: string | undefined;
  readonly sw_ver: string | undefined;
  /** `Linux`, `Darwin`. */
  readonly sw_sys: string | undefined;
}

interface AboutTask extends EventOrigin {
  /** The task's id. */
  readonly uuid: string;
}

/** What a call looks like. Arguments are texts for people, as Python's `repr` writes them. */
interface Call extends AboutTask {
  readonly name: string;
  readonly args: string;
  readonly kwargs: string;
  readonly root_id: string | null;
  readonly parent_id: string | null;
  readonly retries: number;
  /** ISO 8601. */
  readonly eta: string | null;
  /** ISO 8601. */
  readonly expires: string | null;
}

export interface WorkerOnline extends WorkerState {
  readonly type: 'worker-online';
}
export interface WorkerHeartbeat extends WorkerState {
  readonly type: 'worker-heartbeat';
}
export interface WorkerOffline extends WorkerState {
  readonly type: 'worker-offline';
}

/** A client has sent a task (`taskSendSentEvent`). */
export interface TaskSent extends Call {
  readonly type: 'task-sent';
  readonly queue: string | null;
  readonly exchange: string;
  readonly routing_key: string;
}

/** A worker has taken a task. What is undefined only workers of this library say. */
export interface TaskReceived extends Call {
  readonly type: 'task-received';
  readonly queue: string | undefined;
  readonly group_id: string | undefined;
  /** Id of the body of the chord it is part of. */
  readonly chord_id: string | undefined;
  /** `[args, kwargs]` as JSON, so that a monitor can send the task again (`eventArguments`). */
  readonly argsjson: string | undefined;
}
export interface TaskStarted extends AboutTask {
  readonly type: 'task-started';
}
export interface TaskSucceeded extends AboutTask {
  readonly type: 'task-succeeded';
  /** As Python's `repr` writes it, at most about 1024 characters. */
  readonly result: string;
  /** Seconds. */
  readonly runtime: number;
}
export interface TaskFailed extends AboutTask {
  readonly type: 'task-failed';
  /** `ValueError('boom')` */
  readonly exception: string;
  readonly traceback: string | null;
}
export interface TaskRetried extends AboutTask {
  readonly type: 'task-retried';
  readonly exception: string;
  readonly traceback: string | null;
}
export interface TaskRejected extends AboutTask {
  readonly type: 'task-rejected';
  readonly requeue: boolean;
}
export interface TaskRevoked extends AboutTask {
  readonly type: 'task-revoked';
  readonly terminated: boolean;
  /** Signal it was killed with. */
  readonly signum: number | string | null;
  readonly expired: boolean;
}
/** A worker that lost its connection or was stopped gave the task up. */
export interface TaskCancelled extends AboutTask {
  readonly type: 'task-cancelled';
}

/** Workers choose one of them. */
export interface WorkerElect extends EventOrigin {
  readonly type: 'worker-elect';
  readonly id: string;
  readonly topic: string;
  readonly action: unknown;
  readonly cver: number;
}
export interface WorkerElectAck extends EventOrigin {
  readonly type: 'worker-elect-ack';
  readonly id: string;
}

/** An event of an application's own (`Task.send_event`), or of a later Celery. */
export interface CustomEvent extends EventOrigin {
  readonly type: 'custom';
  /** Its type on the wire. */
  readonly name: string;
  /** The task it is about, if any. */
  readonly uuid: string | undefined;
  /** Everything else it carries, as it came. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type WorkerEvent = WorkerOnline | WorkerHeartbeat | WorkerOffline;
export type TaskEvent =
  | TaskSent
  | TaskReceived
  | TaskStarted
  | TaskSucceeded
  | TaskFailed
  | TaskRetried
  | TaskRejected
  | TaskRevoked
  | TaskCancelled;
/** Every event of Celery, told apart by `type`. */
export type CeleryEvent = WorkerEvent | TaskEvent | WorkerElect | WorkerElectAck | CustomEvent;

/** Types that are written on the wire. */
export type EventType = Exclude<CeleryEvent['type'], 'custom'>;
export type EventOf<T extends CeleryEvent['type']> = Extract<CeleryEvent, { readonly type: T }>;
/** What is said in an event besides who says it, and when. */
export type FieldsOf<T extends CeleryEvent['type']> = Omit<EventOf<T>, keyof EventOrigin | 'type'>;
