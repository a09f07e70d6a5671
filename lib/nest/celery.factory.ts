import type { INestApplicationContext, LogLevel, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InvalidOptionError } from '../errors.js';
import { getCeleryToken } from '../tokens.js';
import { openParentPort } from '../worker/pool/parent.port.js';
import { messageOf } from '../runtime/message-of.js';
import { tracebackOf } from '../message/remote-error.js';
import { isLeft } from '../worker/left-behind.js';
import type { Worker } from '../worker/worker.js';
import type { WorkerStatus } from '../worker/worker.status.js';
import type { WorkerOptions } from '../worker/worker.options.js';
import type { BeatStatus } from '../beat/beat.js';
import type { StartBeatOptions } from './celery.beat.js';
import { CeleryHost } from './celery.host.js';
import { catchEscapes } from './escapes.js';
import { exitBy } from './exit-deadline.js';
import { holdPidFile } from './pid-file.js';
import { stopOnSignals, type StopMode } from './stop-on-signals.js';

/** How `CeleryFactory.createWorker` starts a worker process. */
export interface CreateWorkerOptions extends WorkerOptions {
  /** Which app's worker, where the application has several. */
  app?: string;
  /** As in `NestFactory.createApplicationContext`. */
  logger?: LoggerService | LogLevel[] | false;
  /**
   * Stop on SIGTERM and SIGINT (warm) and on SIGQUIT (soft); each further signal is one step harder: warm, soft, cold. The
   * environment's `REMAP_SIGTERM=SIGQUIT` makes SIGTERM mean SIGQUIT. The process is gone 10 s after the stop should have
   * ended, whatever holds it, and ends with 1 where tasks were left behind that may run again. Default true.
   */
  handleSignals?: boolean;
  /**
   * Catch throws in callbacks and rejections that nobody waits for, which would end the process. A task's own fail that task
   * alone; after one that is nobody's the worker stops warmly, and the process ends with 1. Default true.
   */
  handleErrors?: boolean;
  /** File that holds this process's id while it runs (`--pidfile`). Default none. */
  pidFile?: string;
  /** Runs a beat beside the worker (`-B`). Default false. */
  beat?: boolean;
}

/** How `CeleryFactory.createBeat` starts a beat process. */
export interface CreateBeatOptions
  extends Pick<CreateWorkerOptions, 'app' | 'logger' | 'pidFile'>, Pick<StartBeatOptions, 'maxInterval'> {
  /** Stop on SIGTERM, SIGINT and SIGQUIT. Default true. */
  handleSignals?: boolean;
}

/** A Nest application context whose beat sends periodic tasks, or waits for its turn. */
export interface CeleryBeatProcess {
  readonly app: INestApplicationContext;
  /** For probes: `status.healthy`. */
  readonly status: BeatStatus;
  /** Resolves once the beat has stopped and the application is closed: by a signal, or by `close()`. */
  run(): Promise<void>;
  /** Sends what is on its way, lets another beat lead, then closes the application. Safe to repeat. */
  close(): Promise<void>;
}

/** A Nest application context whose worker consumes. */
export interface CeleryWorker {
  readonly app: INestApplicationContext;
  readonly hostname: string;
  readonly status: WorkerStatus;
  /** The worker itself: to give its pools another size while it runs, for example. */
  readonly worker: Worker;
  /** Resolves once the worker has stopped and the application is closed: by a signal, or by `close()`. */
  run(): Promise<void>;
  /**
   * Stops taking tasks, lets running ones end within the grace time, gives the rest back, lets go of broker and backend,
   * then closes the application. Safe to repeat.
   * @param graceMs default: the option `shutdownGrace`
   */
  close(graceMs?: number): Promise<void>;
}

/** Starts worker processes: what `NestFactory` is to web processes. */
export const CeleryFactory = {
  /**
   * True in a process or thread that is a child of a worker's pool. It runs the script of its worker from the first line up
   * to `createWorker`: what must not be done there (listening on a port) is asked for by this.
   */
  get isPoolChild(): boolean {
    return openParentPort() !== undefined;
  },

  /**
   * Creates the application context, and starts consuming after every `onApplicationBootstrap`. In a child of the worker's
   * pools the promise never settles: the child serves its parent, and ends.
   * @throws InvalidOptionError; what creating the application throws
   */
  async createWorker(
    module: Parameters<typeof NestFactory.createApplicationContext>[0],
    options: CreateWorkerOptions = {},
  ): Promise<CeleryWorker> {
    const { app: name, logger, handleSignals = true, handleErrors = true, ...others } = options;
    const { pidFile, beat = false, ...workerOptions } = others;
    if (pidFile !== undefined && openParentPort() === undefined) holdPidFile(pidFile);
    const app = await createContext(module, logger);
    try {
      const host = hostIn(app, name);
      if (host.app.worker !== undefined) {
        throw new InvalidOptionError(
          'celery.worker',
          'is set, so the application runs a worker already. Remove it from forRoot() where createWorker() is used.',
        );
      }
      if (host.app.isPoolChild) return await host.serveParent(() => app.close(), workerOptions);
      const closing = closingOf(app, host);
      // From here on, so that a worker which waits for its broker can be stopped too.
      const { shutdownGrace, softShutdownTimeout, abortGrace } = host.workerConfig(workerOptions);
      const graceMs = { warm: shutdownGrace, soft: softShutdownTimeout, cold: 0 };
      let endsProcess = false;
      const stop = (mode: StopMode, exitCode: number): void => {
        endsProcess = true;
        // An error of nobody's may have said 1 before.
        process.exitCode ||= exitCode;
        exitBy(graceMs[mode] + abortGrace, exitCode, host.log);
        closing.closeUnasked(graceMs[mode]);
      };
      const signals = handleSignals ? stopOnSignals(stop) : undefined;
      const escapes = handleErrors ? catchEscapes(host.log, () => stop('warm', 1)) : undefined;
      const forget = (): void => {
        signals?.forget();
        escapes?.forget();
      };
      // Before whoever awaits `run()` looks at the exit code.
      void closing.closed.then(() => {
        forget();
        const { worker } = host.app;
        if (endsProcess && worker !== undefined && isLeft(worker.leftBehind)) process.exitCode ||= 1;
      });
      const stopped = closing.closed.then(() => host.app.worker);
      const starting = host.startWorker(workerOptions).catch((error: unknown) => {
        forget();
        // A start that was stopped ends with whatever it was at.
        if (closing.begun) return stopped;
        throw error;
      });
      const worker = await Promise.race([starting, stopped]);
      if (worker === undefined) throw new InvalidOptionError('worker', 'was stopped before it was made');
      if (beat && !closing.begun) await host.startBeat({ embedded: true });
      // By itself: `maxTasks`, or a command of remote control.
      void worker.stopped.then(() => closing.closeUnasked());
      return workerHandle(app, worker, closing);
    } catch (error) {
      await app.close();
      throw error;
    }
  },

  /**
   * Creates the application context, and sends its periodic tasks after every `onApplicationBootstrap`. Any number of such
   * processes may run where they share a store: one leads.
   * @throws InvalidOptionError; what creating the application throws
   */
  async createBeat(
    module: Parameters<typeof NestFactory.createApplicationContext>[0],
    { app: name, logger, handleSignals = true, pidFile, maxInterval }: CreateBeatOptions = {},
  ): Promise<CeleryBeatProcess> {
    if (pidFile !== undefined) holdPidFile(pidFile);
    const app = await createContext(module, logger);
    try {
      const host = hostIn(app, name);
      const closing = closingOf(app, host);
      const signals = handleSignals
        ? stopOnSignals((_mode, exitCode) => {
            process.exitCode = exitCode;
            exitBy(STOP_BEAT_MS, exitCode, host.log);
            closing.closeUnasked();
          })
        : undefined;
      void closing.closed.then(() => signals?.forget());
      await host.startBeat(maxInterval === undefined ? {} : { maxInterval });
      // Nothing else of a beat keeps the process alive between two ticks.
      const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
      void closing.closed.then(() => clearInterval(alive));
      return {
        app,
        get status() {
          return host.beatStatus();
        },
        run: () => closing.closed,
        close: () => closing.close(),
      };
    } catch (error) {
      await app.close();
      throw error;
    }
  },
};

/** What a beat still gives sends that are on their way. */
const STOP_BEAT_MS = 5_000;
const KEEP_ALIVE_MS = 2 ** 30;

/** A child of a pool says only what went wrong while it starts: there may be many, again and again. */
async function createContext(
  module: Parameters<typeof NestFactory.createApplicationContext>[0],
  logger: CreateWorkerOptions['logger'],
): Promise<INestApplicationContext> {
  const isQuiet = logger === undefined && openParentPort() !== undefined;
  const chosen = isQuiet ? TROUBLE : logger;
  const app = await NestFactory.createApplicationContext(module, {
    abortOnError: false,
    ...(chosen === undefined ? {} : { logger: chosen }),
  });
  if (isQuiet) app.useLogger(EVERYTHING);
  return app;
}

const TROUBLE: LogLevel[] = ['warn', 'error', 'fatal'];
const EVERYTHING: LogLevel[] = [...TROUBLE, 'log', 'debug', 'verbose'];

function hostIn(app: INestApplicationContext, name: string | undefined): CeleryHost {
  const host: unknown = app.get(getCeleryToken(name), { strict: false });
  if (host instanceof CeleryHost) return host;
  throw new InvalidOptionError(
    'app',
    `no CeleryModule.forRoot({ name: ${JSON.stringify(name)} }) is imported`,
  );
}

interface Closing {
  readonly begun: boolean;
  readonly closed: Promise<void>;
  readonly close: (graceMs?: number) => Promise<void>;
  /** The same where nobody waits for it: what goes wrong is logged, and the process ends with 1. Whoever began it hears it otherwise. */
  readonly closeUnasked: (graceMs?: number) => void;
}

/** Worker, backend and broker first, then the application; once, however often it is asked for. */
function closingOf(app: INestApplicationContext, host: CeleryHost): Closing {
  let closing: Promise<void> | undefined;
  let onClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => (onClosed = resolve));
  const closeAll = async (graceMs: number | undefined): Promise<void> => {
    try {
      await host.app.close(graceMs);
      await app.close();
    } finally {
      onClosed();
    }
  };
  const close = (graceMs?: number): Promise<void> => {
    if (closing === undefined) closing = closeAll(graceMs);
    else if (graceMs !== undefined) void host.app.worker?.stop(graceMs);
    return closing;
  };
  return {
    closed,
    get begun() {
      return closing !== undefined;
    },
    close,
    closeUnasked(graceMs) {
      const isFirst = closing === undefined;
      const ending = close(graceMs);
      if (!isFirst) return;
      ending.catch((error: unknown) => {
        process.exitCode ||= 1;
        host.log.error(`The application could not be closed: ${messageOf(error)}`, tracebackOf(error));
      });
    },
  };
}

function workerHandle(
  app: INestApplicationContext,
  worker: Worker,
  { closed, close }: Closing,
): CeleryWorker {
  return {
    app,
    worker,
    hostname: worker.hostname,
    get status() {
      return worker.status;
    },
    run: () => closed,
    close,
  };
}
