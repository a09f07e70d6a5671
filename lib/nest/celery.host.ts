import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { BeatStatus } from '../beat/beat.js';
import { makeSignature } from '../canvas/signature.js';
import { InvalidOptionError } from '../errors.js';
import type { Log } from '../runtime/logger.js';
import { defineTask } from '../task/define-task.js';
import type { Worker } from '../worker/worker.js';
import { readWorkerOptions, type WorkerConfig, type WorkerOptions } from '../worker/worker.options.js';
import type { CeleryApp } from './celery.app.js';
import type { StartBeatOptions } from './celery.beat.js';
import { periodicsOn } from './periodic.decorator.js';
import { TaskExecutor } from './task.executor.js';
import type { FoundTask, TaskExplorer } from './task.explorer.js';

/** One app's place in a Nest application: finds its tasks at the start, and ends with it. */
export class CeleryHost implements OnApplicationBootstrap, OnModuleDestroy {
  #explored = false;

  constructor(
    readonly app: CeleryApp,
    private readonly explorer: TaskExplorer,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** Runs after every other `onApplicationBootstrap`: what tasks need is ready when the first one comes. */
  async onApplicationBootstrap(): Promise<void> {
    this.explore();
    const { worker, beat } = this.app.config;
    if (worker !== undefined) await this.app.startWorker();
    if (beat) await this.startBeat({ embedded: worker !== undefined });
  }

  /**
   * Runs before every other `onModuleDestroy`: running tasks, and what they publish, end while their providers are whole.
   */
  async onModuleDestroy(): Promise<void> {
    await this.app.close();
  }

  get log(): Log {
    return this.app.log;
  }

  /** The options of the worker that `startWorker` would start. @throws InvalidOptionError */
  workerConfig(options: WorkerOptions): WorkerConfig {
    return readWorkerOptions({ ...this.app.config.workerOptions, ...options });
  }

  startWorker(options: WorkerOptions): Promise<Worker> {
    this.explore();
    return this.app.startWorker(options);
  }

  /** A child of the worker's pools has none. */
  async startBeat(options: StartBeatOptions = {}): Promise<void> {
    this.explore();
    if (!this.app.isPoolChild) await this.app.beat.start(options);
  }

  /** @throws InvalidOptionError while no beat runs here */
  beatStatus(): BeatStatus {
    const { running } = this.app.beat;
    if (running === undefined) throw new InvalidOptionError('beat', 'does not run in this process');
    return running.status;
  }

  /** In a child of the worker's pools, see `CeleryApp.serveParent`. */
  serveParent(close: () => Promise<void>, options: WorkerOptions): Promise<never> {
    this.explore();
    return this.app.serveParent(close, options);
  }

  /** The queues that calls of this application's tasks go to, as they are routed now. */
  queuesOfTasks(): string[] {
    this.explore();
    const { tasks, producer, config } = this.app;
    const routed = tasks.all().map(({ name }) => {
      const call = makeSignature(name, { args: [], kwargs: {}, immutable: false });
      return producer.plan(call, {}, undefined).target.queue?.name;
    });
    return [...new Set([config.taskDefaultQueue, ...routed.filter((name) => name !== undefined)])];
  }

  /** Finds the tasks of the application; done once. Every other call here does it first. */
  explore(): void {
    if (this.#explored) return;
    this.#explored = true;
    const executor = new TaskExecutor(this.moduleRef, this.app.config.enhancers);
    for (const found of this.explorer.explore()) {
      const definition = defineTask(found.declared, this.app.config);
      this.app.addTask(definition, executor.handlerOf(found, definition));
      this.#declarePeriodics(found, definition.name);
    }
    for (const hooks of this.explorer.procHooks()) this.app.addProcHooks(hooks);
    for (const hook of this.explorer.hooks()) this.app.addHook(hook);
    for (const { name, command, source } of this.explorer.commands())
      this.app.addCommand(name, command, source);
  }

  #declarePeriodics({ declared }: FoundTask, task: string): void {
    for (const [index, { schedule, options }] of periodicsOn(declared.method).entries()) {
      const { name = index === 0 ? task : `${task}#${index + 1}`, ...rest } = options;
      this.app.beat.declare(name, { ...rest, task, schedule }, declared.source);
    }
  }
}
