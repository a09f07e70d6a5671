import type { Broker } from '../../broker/broker.js';
import type { QueueDeclaration } from '../../broker/topology.js';
import type { Fields } from '../../control/record.js';
import type { EventDispatcher } from '../../events/event.dispatcher.js';
import type { Clock } from '../../runtime/clock.js';
import type { LamportClock } from '../../runtime/lamport.clock.js';
import type { Rate, RateLimit } from '../../task/limit.options.js';
import type { TaskDefinition } from '../../task/task.definition.js';
import type { LimitOverrides } from '../limit.overrides.js';
import type { Request } from '../request.js';
import type { RevokedTasks } from '../revoked.js';
import type { StartedTasks } from '../started.tasks.js';
import type { MemorySamples } from './memory.samples.js';

/** What commands see of their worker, and may do with it. */
export interface ControlHost {
  /** Node name. */
  readonly hostname: string;
  /** How long handlers may take to end whose signal was aborted, ms. */
  readonly config: { readonly abortGrace: number };
  readonly broker: Broker;
  readonly clock: Clock;
  /** The clock of events. */
  readonly lamport: LamportClock;
  readonly events: EventDispatcher;
  readonly revoked: RevokedTasks;
  readonly started: StartedTasks;
  readonly limits: LimitOverrides;
  readonly memory: MemorySamples;
  readonly tasks: { get(name: string): TaskDefinition | undefined; all(): readonly TaskDefinition[] };
  /** Settings in Celery's names, in the form they were given. */
  readonly settings: () => Settings;
  /** The limit that holds now. */
  readonly rateLimitOf: (task: TaskDefinition) => RateLimit | undefined;
  /** @throws NotRegistered, InvalidOptionError */
  readonly setRateLimit: (taskName: string, rate: Rate) => void;
  /** Everything that was taken and has not ended. */
  readonly requests: () => readonly Request[];
  readonly queues: () => readonly QueueDeclaration[];
  /** When the newest message taken from the queue was sent, epoch ms. Undefined: none that says so. */
  readonly newestSentMs: (queue: string) => number | undefined;
  /** The declaration of a queue by its name, made as configured. @throws InvalidOptionError */
  readonly queueNamed: (name: string) => QueueDeclaration;
  /** Resolves when it is consumed. */
  readonly addQueue: (queue: QueueDeclaration) => Promise<void>;
  readonly removeQueue: (name: string) => Promise<void>;
  /** False: it is not consumed here. */
  readonly pauseQueue: (name: string) => Promise<boolean>;
  /** False: it was not paused here. */
  readonly resumeQueue: (name: string) => Promise<boolean>;
  readonly prefetch: () => number;
  readonly pool: ControlledPool;
  /** What became of the messages to its mailbox. */
  readonly mail: () => MailboxCounts;
  /** Since it was started, ms. */
  readonly uptimeMs: () => number;
  /** Tells monitors that it is there. */
  readonly beat: () => void;
  readonly elect: (id: string, topic: string, action: unknown) => void;
  /** Stops warmly. Does not wait. */
  readonly stop: () => void;
}

export interface MailboxCounts {
  readonly handled: number;
  /** Not for this worker, or no commands. */
  readonly ignored: number;
  /** Came faster than they may be looked at. */
  readonly dropped: number;
}

export interface Settings {
  /** What was set. */
  readonly given: Fields;
  /** Everything. */
  readonly all: Fields;
}

/** The pools as far as commands may touch them. */
export interface ControlledPool {
  readonly describe: () => Fields;
  readonly describeAutoscaler: () => Fields | undefined;
  /**
   * More handlers at once, or fewer.
   * @throws InvalidOptionError
   */
  readonly resizeBy: (more: number, name: string | undefined) => Promise<void>;
  /** @throws InvalidOptionError */
  readonly autoscale: (min: number, max: number, name: string | undefined) => Promise<void>;
}

/** A command. Its value is the reply; what it throws is told as an error. */
export type CommandHandler = (host: ControlHost, args: Fields) => unknown;

/** Told to whoever asked as it is written. */
export class CommandRefused extends Error {}

export const ok = (said: string): { readonly ok: string } => ({ ok: said });
