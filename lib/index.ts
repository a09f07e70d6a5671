export {
  CeleryModule,
  type CeleryAsyncOptions,
  type CeleryModuleExtras,
  type CeleryOptionsFactory,
} from './nest/celery.module.js';
export {
  CeleryFactory,
  type CeleryBeatProcess,
  type CeleryWorker,
  type CreateBeatOptions,
  type CreateWorkerOptions,
} from './nest/celery.factory.js';
export { CeleryHealthIndicator, type CeleryHealthOptions } from './nest/celery.health-indicator.js';
export type { HealthResult } from './nest/terminus.js';
export { CeleryApp, type Surroundings } from './nest/celery.app.js';
export {
  readCeleryOptions,
  type CeleryConfig,
  type CeleryOptions,
  type EnhancerOptions,
} from './nest/celery.options.js';
export type { WorkerProcInit, WorkerProcShutdown } from './nest/worker-proc.hooks.js';
export { InjectControlClient } from './nest/inject-control-client.decorator.js';
export { InjectTaskClient } from './nest/inject-task-client.decorator.js';
export { InjectScheduleClient } from './nest/inject-schedule-client.decorator.js';
export { Periodic, type PeriodicTaskOptions } from './nest/periodic.decorator.js';
export type { StartBeatOptions } from './nest/celery.beat.js';
export { TASK_CONTEXT_TYPE, type TaskContextType } from './nest/task.executor.js';
export { getControlClientToken, getScheduleClientToken, getTaskClientToken } from './tokens.js';

export { Task, Tasks } from './task/task.decorator.js';
export type { BatchOptions } from './task/batch.options.js';
export type { ErrorClass, TaskOptions, TasksOptions } from './task/task.options.js';
export type {
  ClusterRateLimitOptions,
  ConcurrencyLimitOptions,
  LimitKey,
  Rate,
} from './task/limit.options.js';
export type { TaskAnnotations } from './task/task.annotations.js';
export { BatchItem, ItemVerdict, type Batch, type BatchResults, type ItemContext } from './context/batch.js';
export { TaskContext, type DeliveryInfo, type RetryOptions } from './context/task.context.js';
export {
  DeliveryLost,
  Ignore,
  MaxRetriesExceeded,
  Reject,
  Retry,
  PoisonPill,
  SoftTimeLimitExceeded,
  TaskTerminated,
  TimeLimitExceeded,
  WorkerLostError,
  WorkerShuttingDown,
} from './task/task.signals.js';

export { OnBeatEvent, OnTaskEvent, OnWorkerEvent } from './hooks/on-event.decorator.js';
export type {
  HookEvents,
  PublishHookEvent,
  TaskHookEvent,
  TaskHookName,
  WorkerHookEvent,
  WorkerHookName,
} from './hooks/hook.events.js';
export type { FailedRequest } from './worker/failed-request.js';

export { TaskClient, type NamedCallOptions } from './client/task.client.js';
export type { CallingOptions, TaskHandle, TaskHandles } from './client/task.handle.js';
export { chain } from './canvas/chain.js';
export { group } from './canvas/group.js';
export { chord } from './canvas/chord.js';
export { chunks } from './canvas/chunks.js';
export { map } from './canvas/map.js';
export { starmap } from './canvas/starmap.js';
export { signature, type SignatureOptions } from './canvas/from-dict.js';
export { toMermaid } from './canvas/pictures.mermaid.js';
export { toDot } from './canvas/pictures.dot.js';
export type { PictureNode, PictureOptions } from './canvas/pictures.js';
export { stamp } from './canvas/stamp.js';
export type { StampingVisitor, StampOptions, Stamps } from './canvas/stamp.types.js';
export type {
  Canvas,
  CanvasMethods,
  Chain,
  Chord,
  CloneParts,
  Group,
  LinkToError,
  Signature,
} from './canvas/canvas.types.js';
export type { AnyCanvas, AnyChain, AnyChord, AnyGroup, Members } from './canvas/canvas.js';
export type { ChainError, Part, PartSource } from './canvas/fit.types.js';
export type { Callee } from './canvas/callee.js';
export type { AnySignature, ApplyAsyncOptions, PublishRetryPolicy } from './canvas/call.options.js';
export { AsyncResult } from './result/async-result.js';
export { GroupResult, type Settled } from './result/group-result.js';
export type { ResultGraph, ResultGraphEdge, ResultGraphNode } from './result/result-graph.js';
export type { AnyResult, GetOptions } from './result/result.js';
export type { TaskState } from './backend/result-backend.js';
export type { RemoteError } from './message/remote-error.js';

export { ControlClient, type AskOptions } from './control/control.client.js';
export type { ConsumerOptions, Fleet, Revoked, RevokeOptions } from './control/fleet.js';
export type { Inspect } from './control/inspect.js';
export type { NodeReply } from './control/reply.js';
export type {
  ActiveQueue,
  FoundTask,
  ScheduledTask,
  TaskInfo,
  WorkerStats,
} from './control/control.types.js';
export { ControlCommand } from './control/control-command.decorator.js';

export { EventReceiver, type ReceiverDeps } from './events/event.receiver.js';
export { ClusterState, type ClusterStateOptions } from './events/cluster.state.js';
export type { TaskRecord } from './events/task.record.js';
export type { WorkerRecord } from './events/worker.record.js';
export type {
  CeleryEvent,
  CustomEvent,
  EventOf,
  EventOrigin,
  TaskEvent,
  WorkerElect,
  WorkerElectAck,
  WorkerEvent,
} from './events/event.js';

export { Broadcast, type ExchangeOptions, type QueueOptions } from './producer/queue.options.js';
export type { TaskRoutes } from './producer/task-routes.js';
export type { UnrunnablePolicy, WorkerOptions } from './worker/worker.options.js';
export type { HealthOptions } from './worker/health/health.options.js';
export type { WorkerHealth } from './worker/health/readiness.js';
export type { PoolOptions } from './worker/pool/pool.options.js';
export type { PoolKind } from './worker/pool/pool.js';
export type { LeftBehind } from './worker/left-behind.js';
export type { Worker } from './worker/worker.js';
export type { PoolStatus, WorkerStatus } from './worker/worker.status.js';
export { ScheduleClient, type ScheduleInfo } from './beat/schedule.client.js';
export {
  clocked,
  cron,
  crontab,
  every,
  solar,
  type CrontabExpression,
  type CrontabField,
  type Schedule,
  type SolarEvent,
} from './beat/schedule.js';
export type { CatchUp, EntryOptions, Overlap, PeriodicOptions, ScheduleInput } from './beat/entry.options.js';
export type { BeatOptions } from './beat/beat.options.js';
export type { BeatStatus } from './beat/beat.js';
export type { Duration } from './runtime/duration.js';
export { KombuValue } from './message/kombu-value.js';
export type { JsonType } from './message/typed-values.js';

export {
  BackendUnavailableError,
  BatchResultError,
  BrokerClosedError,
  BrokerUnavailableError,
  CeleryError,
  EncodeError,
  InvalidCallError,
  InvalidCanvasError,
  InvalidOptionError,
  LimitKeyError,
  MissingPackageError,
  NoResultBackendError,
  NotRegistered,
  PublishError,
  ResultTimeoutError,
  ScheduleStoreError,
  TaskFailedError,
  TaskRevokedError,
  TopologyConflictError,
  UndecodableMessageError,
  UnroutableError,
  UnsupportedError,
} from './errors.js';
