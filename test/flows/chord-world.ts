import type { ResultBackend, TaskMeta } from '../../lib/backend/result-backend.js';
import { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import type { PublishTarget } from '../../lib/broker/broker.js';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { signature, type SignatureOptions } from '../../lib/canvas/from-dict.js';
import type { PlannedResult } from '../../lib/canvas/workflow.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions, type CeleryOptions } from '../../lib/nest/celery.options.js';
import type { Log } from '../../lib/runtime/logger.js';
import { armFailpoints, type FailpointName } from '../../lib/runtime/failpoint.js';
import { Ignore, Reject } from '../../lib/task/task.signals.js';
import { HeldClock } from '../../lib/testing/held-clock.js';

/** Fits everywhere: what the types would say is not what is looked at here. */
export type AnyStep = Canvas<[], never, true>;

export function step(task: string, args: readonly unknown[] = [], options: SignatureOptions = {}): AnyStep {
  return signature(task, { ...options, args }) as unknown as AnyStep;
}

export interface ChordWorldWish extends CeleryOptions {
  /** The backend counts no parts: chords end by `celery.chord_unlock`. */
  readonly uncounted?: boolean;
  /** Tasks besides those that are there. */
  readonly tasks?: Readonly<Record<string, (context: TaskContext, ...args: never[]) => unknown>>;
  /** True: the message is lost, as with a broker that died. */
  readonly loses?: (task: string, message: WireMessage) => boolean;
}

/** What a body or an error callback was called with, and by whom. */
interface Noted {
  readonly id: string;
  readonly args: readonly unknown[];
}

/** An app with its worker in memory; the test holds the clock, and breaks off what it wants to. */
export class ChordWorld implements AsyncDisposable {
  /** Every call of `body` and `heard`, in order. */
  readonly bodies: Noted[] = [];
  readonly heard: Noted[] = [];
  readonly lines: string[] = [];
  /** Every message of a task that was published, by its name. */
  readonly published: string[] = [];
  readonly clock = new HeldClock();
  #app: CeleryApp | undefined;

  static async open(wish: ChordWorldWish = {}): Promise<ChordWorld> {
    const { uncounted = false, loses = () => false, tasks = {}, ...options } = wish;
    const world = new ChordWorld();
    const memory = { broker: 'memory://', backend: 'memory://' };
    const worker = { concurrency: 4, heartbeatInterval: 0, hostname: 'chords@test' };
    const config = readCeleryOptions({ ...memory, worker, ...options });
    const app = await CeleryApp.open(config, { log: world.#log(), clock: world.clock });
    world.#app = app;
    world.#watch(loses);
    if (uncounted) Object.defineProperty(app.backend, 'chords', { value: undefined });
    app.defineTask('add', {}, (one: number, other: number) => one + other);
    app.defineTask('late', { acksLate: true }, (value: unknown) => value);
    app.defineTask('boom', {}, () => {
      throw new TypeError('boom');
    });
    app.defineTask('rejecting', {}, () => {
      throw new Reject('no');
    });
    app.defineTask('ignoring', {}, () => {
      throw new Ignore();
    });
    app.defineTask('retrying', { bind: true }, (context: TaskContext) =>
      context.retry({ countdown: 1, maxRetries: 2 }),
    );
    for (const [name, run] of Object.entries(tasks)) app.defineTask(name, { bind: true }, run);
    app.defineTask('body', { bind: true }, ({ id }: TaskContext, ...args: unknown[]) => {
      world.bodies.push({ id, args });
      return args[0];
    });
    app.defineTask('heard', { bind: true }, ({ id }: TaskContext, ...args: unknown[]) => {
      world.heard.push({ id, args });
    });
    await app.startWorker();
    return world;
  }

  get app(): CeleryApp {
    if (this.#app === undefined) throw new Error('not open');
    return this.#app;
  }

  get backend(): ResultBackend {
    const { backend } = this.app;
    if (backend === undefined) throw new Error('no backend');
    return backend;
  }

  get broker(): MemoryBroker {
    const { broker } = this.app;
    if (!(broker instanceof MemoryBroker)) throw new Error('another broker');
    return broker;
  }

  send(canvas: AnyCanvas): Promise<PlannedResult> {
    return this.app.producer.send(canvas);
  }

  metaOf(taskId: string): Promise<TaskMeta | undefined> {
    return this.backend.get(taskId);
  }

  /** Each time `name` is passed, the next of these says whether it breaks off there. */
  breakAt(name: FailpointName, ...strikes: readonly boolean[]): void {
    const left = [...strikes];
    armFailpoints((passed) =>
      passed === name && left.shift() === true
        ? Promise.reject(new Error(`broken off at ${name}`))
        : undefined,
    );
  }

  /** Lets time go by, and everything that is due in it happen. */
  async elapse(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 1) await this.clock.advance(1_000);
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await this.clock.advance(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    armFailpoints(undefined);
    const closing = this.app.close(0);
    await this.clock.advance(60_000);
    await closing;
  }

  #watch(loses: NonNullable<ChordWorldWish['loses']>): void {
    const { broker } = this.app;
    const publish = broker.publish.bind(broker);
    Object.defineProperty(broker, 'publish', {
      configurable: true,
      value: async (target: PublishTarget, message: WireMessage): Promise<void> => {
        const { task } = message.headers;
        if (typeof task === 'string') {
          this.published.push(task);
          if (loses(task, message)) return;
        }
        return publish(target, message);
      },
    });
  }

  #log(): Log {
    const at = (level: string) => (message: string) => void this.lines.push(`${level} ${message}`);
    return { debug: at('debug'), log: at('log'), warn: at('warn'), error: at('error') };
  }
}

/** More than anything in these tests needs to come to rest without time going by. */
const SETTLING_TURNS = 10;
