/** What all events of tasks tell. */
export interface TaskHookEvent {
  readonly id: string;
  /** The task's registered name. */
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Retries before this attempt: 0 on the first. */
  readonly retries: number;
  readonly rootId: string;
  readonly parentId: string | undefined;
  readonly groupId: string | undefined;
  /** The caller's own headers. */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What a hook is told, by its name: Celery's signals. */
export interface HookEvents {
  /** A message is about to be published. `setHeader` adds a header of one's own, for example a trace id. */
  readonly 'before-task-publish': PublishHookEvent & {
    readonly setHeader: (name: string, value: unknown) => void;
  };
  /** The broker has it. */
  readonly 'after-task-publish': PublishHookEvent;
  readonly 'task-received': TaskHookEvent & { readonly queue: string };
  /** Just before the handler, in the process or thread it runs in; the handler waits for it. */
  readonly 'task-prerun': TaskHookEvent;
  /** Just after the handler, there too. `kind` as the outcome's: `succeeded`, `failed`, `retrying`, … */
  readonly 'task-postrun': TaskHookEvent & { readonly kind: string; readonly runtimeMs: number };
  readonly 'task-succeeded': TaskHookEvent & { readonly result: unknown; readonly runtimeMs: number };
  /** For good: no retry follows. */
  readonly 'task-failed': TaskHookEvent & { readonly error: unknown };
  readonly 'task-retried': TaskHookEvent & { readonly error: unknown; readonly etaMs: number };
  readonly 'task-revoked': TaskHookEvent & { readonly reason: 'revoked' | 'expired' | 'terminated' };
  readonly 'task-rejected': TaskHookEvent & { readonly reason: string; readonly requeue: boolean };
  /** A task that no worker of this code knows. */
  readonly 'task-unknown': TaskHookEvent;
  /** The worker begins to start. */
  readonly 'worker-init': WorkerHookEvent;
  readonly 'worker-ready': WorkerHookEvent;
  /** It takes no more tasks; running ones are still under way. */
  readonly 'worker-shutting-down': WorkerHookEvent;
  /** Nothing runs any more; broker and backend still stand. */
  readonly 'worker-shutdown': WorkerHookEvent;
  /** A beat of its own begins to start. */
  readonly 'beat-init': BeatHookEvent;
  /** A beat beside a worker in one process begins to start. */
  readonly 'beat-embedded-init': BeatHookEvent;
}

export interface PublishHookEvent {
  readonly id: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly exchange: string;
  readonly routingKey: string;
  readonly rootId: string;
  readonly parentId: string | undefined;
}

export interface WorkerHookEvent {
  /** Node name: `celery@host`. */
  readonly hostname: string;
}

export interface BeatHookEvent {
  /** Where schedules are kept, without credentials. */
  readonly store: string;
}

export type HookName = keyof HookEvents;

/** Names of events that are about tasks: these can be asked for by task. */
export const TASK_HOOKS = [
  'before-task-publish',
  'after-task-publish',
  'task-received',
  'task-prerun',
  'task-postrun',
  'task-succeeded',
  'task-failed',
  'task-retried',
  'task-revoked',
  'task-rejected',
  'task-unknown',
] as const satisfies readonly HookName[];
export type TaskHookName = (typeof TASK_HOOKS)[number];

export const WORKER_HOOKS = [
  'worker-init',
  'worker-ready',
  'worker-shutting-down',
  'worker-shutdown',
] as const satisfies readonly HookName[];
export type WorkerHookName = (typeof WORKER_HOOKS)[number];

export const BEAT_HOOKS = ['beat-init', 'beat-embedded-init'] as const satisfies readonly HookName[];
export type BeatHookName = (typeof BEAT_HOOKS)[number];
