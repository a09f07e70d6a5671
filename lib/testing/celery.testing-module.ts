import { Global, Module, type LoggerService, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule, type TestingModuleBuilder } from '@nestjs/testing';
import { TaskClient } from '../client/task.client.js';
import { CeleryHost } from '../nest/celery.host.js';
import type { CeleryOptions } from '../nest/celery.options.js';
import { REPLACEMENTS, type Replacements } from '../nest/replacements.js';
import { durationMs, type Duration } from '../runtime/duration.js';
import { getCeleryToken, getTaskClientToken } from '../tokens.js';
import { DEFAULT_POOL, type PoolOptions } from '../worker/pool/pool.options.js';
import type { WorkerOptions } from '../worker/worker.options.js';
import { HeldClock } from './held-clock.js';

export interface CreateTestingOptions extends ModuleMetadata {
  /** What the test replaces: `(builder) => builder.overrideProvider(Mailer).useValue(fake)`. */
  override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
  /** Options over those that the application gives. Broker and backend are embedded whatever they say. */
  celery?: CeleryOptions;
  /**
   * The worker's options. Default: one task at a time, in each pool that tasks name, from every queue that they go to. All on
   * this event loop, and each message of a batch task as a batch of its own.
   */
  worker?: WorkerOptions;
  /** Runs the periodic tasks too, by the clock that the test holds. Default false. */
  beat?: boolean;
  /** Which app is tested, where the application has several. */
  app?: string;
  /** Instant the clock begins at. Default 2026-01-01T00:00:00Z. */
  now?: Date;
  /** Default: warnings and errors only. */
  logger?: LoggerService | false;
}

/** An application under test: embedded broker and result backend, a running worker, and a clock that the test holds. */
export interface TestingCelery {
  readonly client: TaskClient;
  readonly clock: HeldClock;
  /** The Nest testing module: `t.app.get(Mailer)`. */
  readonly app: TestingModule;
  /** Resolves when nothing is left to run at this moment: tasks that are due later keep waiting. */
  drain(): Promise<void>;
  /** Moves the clock on, runs what comes due on the way, and drains. */
  advance(time: Duration): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Real time after which `drain` gives up on tasks that do not end. */
const DRAIN_LIMIT_MS = 10_000;
/** Turns of the event loop without work after which nothing more comes. */
const QUIET_TURNS = 5;

export const CeleryTestingModule = {
  /**
   * Starts the application. Its modules must import `CeleryModule`.
   * @throws what compiling and starting the application throws
   */
  async create({
    override,
    celery,
    worker,
    beat = false,
    app: name,
    now,
    logger,
    ...metadata
  }: CreateTestingOptions): Promise<TestingCelery> {
    const clock = new HeldClock(now);
    const options: CeleryOptions = {
      ...celery,
      broker: 'memory://',
      backend: 'memory://',
      beatStore: 'memory://',
      beat: false,
      // A beat that is alone needs no other signs of life, and a day is quickly gone.
      beatLease: '500w',
      beatMaxLoopInterval: '1d',
      worker: false,
    };
    const replacements: Replacements = { options, surroundings: { clock } };

    @Global()
    @Module({ providers: [{ provide: REPLACEMENTS, useValue: replacements }], exports: [REPLACEMENTS] })
    class ReplacementsModule {}

    const builder = Test.createTestingModule({
      ...metadata,
      imports: [ReplacementsModule, ...(metadata.imports ?? [])],
    });
    const app = await (override === undefined ? builder : override(builder)).compile();
    app.useLogger(logger ?? ['warn', 'error', 'fatal']);
    await app.init();
    const host = app.get<CeleryHost>(getCeleryToken(name), { strict: false });
    await host.startWorker({
      queues: host.queuesOfTasks(),
      pools: poolsOfTasks(host),
      concurrency: 1,
      gatherBatches: false,
      heartbeatInterval: 0,
      gossip: false,
      mingle: false,
      ...worker,
    });
    if (beat) await host.startBeat();

    const drain = (): Promise<void> => untilQuiet(host);
    const close = async (): Promise<void> => {
      const closed = host.app.close(0);
      // Grace times run on the held clock.
      for (let closing = true; closing;) {
        closing = (await Promise.race([
          closed.then(() => false),
          clock.advance(1_000).then(() => true),
        ])) as boolean;
      }
      await app.close();
    };
    return {
      client: app.get<TaskClient>(getTaskClientToken(name), { strict: false }),
      clock,
      app,
      drain,
      async advance(time) {
        await clock.advance(durationMs(time, 'advance'));
        await drain();
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  },
};

function poolsOfTasks({ app }: CeleryHost): Record<string, PoolOptions> {
  const named = app.tasks.all().map(({ config }) => config.pool);
  return Object.fromEntries(
    named
      .filter((name) => name !== undefined && name !== DEFAULT_POOL)
      .map((name) => [name, { concurrency: 1 }]),
  );
}

async function untilQuiet({ app }: CeleryHost): Promise<void> {
  const endMs = performance.now() + DRAIN_LIMIT_MS;
  for (let quiet = 0; quiet < QUIET_TURNS;) {
    await new Promise((resolve) => setImmediate(resolve));
    const { running, waiting } = app.worker?.status ?? { running: 0, waiting: 0 };
    const sizes = await Promise.all((app.worker?.queues ?? []).map((queue) => app.broker.size(queue.name)));
    quiet = running + waiting + sizes.reduce((sum, size) => sum + size, 0) === 0 ? quiet + 1 : 0;
    if (performance.now() > endMs) {
      throw new Error(
        `drain(): after ${DRAIN_LIMIT_MS / 1000}s ${running} tasks are still running and ${waiting} wait. Does one wait for the clock?`,
      );
    }
  }
}
