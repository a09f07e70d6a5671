import type { Broker } from '../../broker/broker.js';
import { fromCanvasDict, isSignatureDict } from '../../canvas/canvas-dict.js';
import { PausedQueues } from '../../control/paused-queues.js';
import { ControlClient } from '../../control/control.client.js';
import type { EventDispatcher } from '../../events/event.dispatcher.js';
import type { Content } from '../../message/content.js';
import type { QueueTable } from '../../producer/queue-table.js';
import type { Sender } from '../../producer/sender.js';
import type { Clock } from '../../runtime/clock.js';
import type { LamportClock } from '../../runtime/lamport.clock.js';
import type { Log } from '../../runtime/logger.js';
import type { Service } from '../../runtime/service.js';
import type { Rate } from '../../task/limit.options.js';
import type { TaskRegistry } from '../../task/task.registry.js';
import type { Consumer } from '../consumer.js';
import { Gossip } from '../gossip.js';
import { Heartbeat } from '../heartbeat.js';
import type { LimitOverrides } from '../limit.overrides.js';
import type { Limits } from '../limits/limits.js';
import { Mailbox } from '../mailbox.js';
import { Mingle } from '../mingle.js';
import { PauseGate } from '../pause-gate.js';
import type { ScaleRange } from '../pool/pool.options.js';
import { DEFAULT_POOL } from '../pool/pool.options.js';
import type { Pools } from '../pool/pools.js';
import { printable } from '../printable.js';
import type { RevokedTasks } from '../revoked.js';
import type { StartedTasks } from '../started.tasks.js';
import { errorText } from '../task.log.js';
import type { WorkerConfig } from '../worker.options.js';
import { dispatchTo, type OwnCommand } from './dispatch.js';
import type { ControlHost, Settings } from './host.js';
import { MemorySamples } from './memory.samples.js';
import { describePools, describeRange } from './pool-info.js';

export interface ControlParts {
  readonly broker: Broker;
  readonly content: Content;
  readonly config: WorkerConfig;
  readonly tasks: TaskRegistry;
  readonly queues: QueueTable;
  readonly sender: Sender;
  readonly lamport: LamportClock;
  readonly events: EventDispatcher;
  readonly revoked: RevokedTasks;
  readonly started: StartedTasks;
  readonly limits: LimitOverrides;
  readonly consumer: Consumer;
  readonly pools: Pools;
  readonly settings: () => Settings;
  /** Commands of the application's own, by name. */
  readonly commands: ReadonlyMap<string, OwnCommand>;
  readonly rates: Pick<Limits, 'rateLimitOf'>;
  readonly worker: ControlledWorker;
  readonly clock: Clock;
  readonly log: Log;
}

/** The worker as far as commands may touch it. */
export interface ControlledWorker {
  resizePool(size: number, name?: string): Promise<void>;
  autoscale(range: ScaleRange, name?: string): Promise<void>;
  /** @throws NotRegistered, InvalidOptionError */
  setRateLimit(taskName: string, rate: Rate): void;
  stop(): Promise<void>;
}

/** What makes a worker part of its fleet, put together. */
export function openControl(parts: ControlParts): {
  /** Tells monitors and others that the worker is there. */
  readonly presence: readonly Service[];
  /** Hears commands, and other workers. */
  readonly hearing: readonly Service[];
} {
  const { broker, content, config, clock, log, events, lamport, revoked } = parts;
  const { hostname, remoteControl, gossip: gossips, mingle: mingles, heartbeatInterval: intervalMs } = config;
  const heartbeat = new Heartbeat({ events, counts: () => parts.consumer.counts, intervalMs, clock });
  const onElected = (topic: string, action: unknown): void => sendElected(parts, topic, action);
  const gossip = new Gossip({ broker, content, lamport, log, hostname, events, onElected, clock });
  const paused = new PausedQueues(broker, clock);
  const gate = new PauseGate({ paused, consumer: parts.consumer, log });
  const host = hostOf(parts, { heartbeat, gossip, gate, mail: () => mailbox.counts });
  const allowed = typeof remoteControl === 'boolean' ? undefined : new Set(remoteControl);
  const dispatch = dispatchTo({ host, own: parts.commands, allowed });
  const mailbox: Mailbox = new Mailbox({ broker, content, hostname, dispatch, clock, log });
  const control = new ControlClient({ broker, content, clock, connectTimeoutMs: MINGLE_CONNECT_MS });
  const mingle = new Mingle({ hostname, control, revoked, lamport, log });
  return {
    presence: intervalMs > 0 ? [heartbeat] : [],
    hearing: [
      gate,
      ...(gossips ? [gossip] : []),
      ...(remoteControl === false ? [] : [mailbox]),
      ...(mingles ? [mingle] : []),
    ],
  };
}

const MINGLE_CONNECT_MS = 10_000;

interface Ears {
  readonly heartbeat: Heartbeat;
  readonly gossip: Gossip;
  readonly gate: PauseGate;
  readonly mail: ControlHost['mail'];
}

function hostOf(parts: ControlParts, { heartbeat, gossip, gate, mail }: Ears): ControlHost {
  const { consumer, pools, queues, worker, clock, config } = parts;
  const createdMs = clock.monotonicMs();
  const sizeOf = (name = DEFAULT_POOL): number => pools.named(name).slots.size;
  return {
    ...parts,
    hostname: config.hostname,
    memory: new MemorySamples(),
    requests: () => consumer.inHand,
    queues: () => consumer.queues,
    newestSentMs: (queue) => consumer.newestSentMs(queue),
    queueNamed: (name) => queues.get(name),
    addQueue: (queue) => consumer.addQueue(queue),
    removeQueue: (name) => consumer.removeQueue(name),
    pauseQueue: (name) => gate.pause(name),
    resumeQueue: (name) => gate.resume(name),
    prefetch: () => consumer.prefetch,
    pool: {
      describe: () => describePools(pools),
      describeAutoscaler: () => describeRange(pools.named(DEFAULT_POOL)),
      resizeBy: (more, name) => worker.resizePool(sizeOf(name) + more, name),
      autoscale: (min, max, name) => worker.autoscale({ min, max }, name),
    },
    setRateLimit: (taskName, rate) => worker.setRateLimit(taskName, rate),
    rateLimitOf: (task) => parts.rates.rateLimitOf(task),
    mail,
    uptimeMs: () => clock.monotonicMs() - createdMs,
    beat: () => heartbeat.beat(),
    elect: (id, topic, action) => gossip.elect(id, topic, action),
    stop: () => void worker.stop(),
  };
}

/** Celery's only topic: the task that whoever wins sends. */
function sendElected({ sender, log }: ControlParts, topic: string, action: unknown): void {
  if (topic !== 'task' || !isSignatureDict(action))
    return log.warn(`Elected for ${printable(topic, 100)}, which this worker knows nothing of`);
  sender
    .send(fromCanvasDict(action))
    .catch((error: unknown) =>
      log.error(`An elected task could not be sent: ${printable(errorText(error))}`),
    );
}
