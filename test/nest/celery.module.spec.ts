import 'reflect-metadata';
import { Injectable, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { CeleryTestingModule } from '../../lib/testing/index.js';
import { eventually } from '../support/eventually.js';
import {
  CeleryFactory,
  CeleryModule,
  getTaskClientToken,
  InjectTaskClient,
  InvalidOptionError,
  Task,
  TaskClient,
  TaskContext,
  TaskRevokedError,
  type CeleryOptions,
  type CeleryOptionsFactory,
} from '../../lib/index.js';

@Injectable()
class MathTasks {
  @Task('add')
  add(a: number, b: number): number {
    return a + b;
  }
}

async function compiled(celery: ReturnType<typeof CeleryModule.forRoot>) {
  const module = await Test.createTestingModule({ imports: [celery], providers: [MathTasks] }).compile();
  module.useLogger(false);
  await module.init();
  return module;
}

const OPTIONS: CeleryOptions = { broker: 'memory://', worker: true };

describe('CeleryModule', () => {
  it.each([
    ['forRoot', () => CeleryModule.forRoot(OPTIONS)],
    ['forRootAsync with useFactory', () => CeleryModule.forRootAsync({ useFactory: async () => OPTIONS })],
    ['forRootAsync with useClass', () => CeleryModule.forRootAsync({ useClass: OptionsService })],
    [
      'forRootAsync with useExisting',
      () => CeleryModule.forRootAsync({ imports: [OptionsModule], useExisting: OptionsService }),
    ],
    [
      'forRootAsync with injected dependencies',
      () =>
        CeleryModule.forRootAsync({
          imports: [OptionsModule],
          inject: [OptionsService],
          useFactory: (options: OptionsService) => options.createCeleryOptions(),
        }),
    ],
  ])('gives a client and runs tasks: %s', async (_name, celery) => {
    const module = await compiled(celery());
    const result = await module.get(TaskClient).of(MathTasks).add.delay(2, 3);
    expect(await result.get({ timeout: '5s' })).toBe(5);
    await module.close();
  });

  it('takes the broker from the environment where code gives none', async () => {
    process.env['CELERY_BROKER_URL'] = 'nonsense://here';
    try {
      await expect(compiled(CeleryModule.forRoot())).rejects.toThrow('CELERY_BROKER_URL');
    } finally {
      delete process.env['CELERY_BROKER_URL'];
    }
  });

  it('refuses an option it does not know, and says which was meant', async () => {
    const wrong = { taskDefualtQueue: 'x' } as CeleryOptions;
    await expect(compiled(CeleryModule.forRoot(wrong))).rejects.toThrow(
      'celery.taskDefualtQueue: unknown option. Did you mean taskDefaultQueue?',
    );
  });

  it('keeps several named apps apart', async () => {
    @Injectable()
    class Two {
      constructor(
        readonly main: TaskClient,
        @InjectTaskClient('other') readonly other: TaskClient,
      ) {}
    }
    const module = await Test.createTestingModule({
      imports: [CeleryModule.forRoot(OPTIONS), CeleryModule.forRoot({ name: 'other', broker: 'memory://' })],
      providers: [Two, MathTasks],
    }).compile();
    module.useLogger(false);
    await module.init();
    const { main, other } = module.get(Two);
    expect(main).not.toBe(other);
    expect(module.get<TaskClient>(getTaskClientToken('other'), { strict: false })).toBe(other);
    expect(await (await main.of(MathTasks).add.delay(1, 1)).get({ timeout: '5s' })).toBe(2);
    // The other app has a broker of its own and no worker.
    expect(await (await other.of(MathTasks).add.delay(1, 1)).state()).toBe('PENDING');
    await module.close();
  });

  it('refuses two apps of one name: each would have connections and a worker of its own', async () => {
    const feature = { module: class Feature {}, imports: [CeleryModule.forRoot(OPTIONS)] };
    const building = (other: CeleryOptions & { name?: string }) =>
      Test.createTestingModule({ imports: [CeleryModule.forRoot(other), feature] }).compile();
    await expect(building(OPTIONS)).rejects.toThrow(
      'celery.name: "default" is the name of two apps. Import CeleryModule.forRoot() once, in the root module',
    );
    await expect(building({ ...OPTIONS, name: 'other' })).resolves.toBeDefined();
    const celery = CeleryModule.forRoot(OPTIONS);
    const again = { module: class Again {}, imports: [celery] };
    await expect(Test.createTestingModule({ imports: [celery, again] }).compile()).resolves.toBeDefined();
  });

  it('is only global unless told otherwise', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://', isGlobal: false })] })
    class Owner {}
    @Injectable()
    class Stranger {
      constructor(readonly tasks: TaskClient) {}
    }
    const building = Test.createTestingModule({ imports: [Owner], providers: [Stranger] }).compile();
    await expect(building).rejects.toThrow("can't resolve dependencies");
  });

  it('opens no consumer in a process that was not asked for a worker', async () => {
    const name = `memory://web-${crypto.randomUUID()}`;
    const web = await compiled(CeleryModule.forRoot({ broker: name, backend: name }));
    const result = await web.get(TaskClient).of(MathTasks).add.delay(2, 3);
    expect(await result.state()).toBe('PENDING');
    const worker = await compiled(CeleryModule.forRoot({ broker: name, backend: name, worker: true }));
    expect(await result.get({ timeout: '5s' })).toBe(5);
    await Promise.all([web.close(), worker.close()]);
  });
});

describe('a worker with its Nest application', () => {
  it('starts last and ends first: running tasks end while their providers are whole', async () => {
    const story: string[] = [];
    let begun = (): void => undefined;
    let release = (): void => undefined;
    const running = new Promise<void>((resolve) => (begun = resolve));
    const released = new Promise<void>((resolve) => (release = resolve));
    @Injectable()
    class Database implements OnApplicationBootstrap, OnModuleDestroy {
      open = false;
      onApplicationBootstrap(): void {
        this.open = true;
        story.push('database opened');
      }
      onModuleDestroy(): void {
        this.open = false;
        story.push('database closed');
      }
    }
    @Injectable()
    class Slow {
      constructor(
        private readonly database: Database,
        private readonly tasks: TaskClient,
      ) {}
      @Task('slow')
      async slow(task: TaskContext): Promise<void> {
        story.push(`task began, database ${this.database.open ? 'open' : 'closed'}`);
        begun();
        await released;
        await this.tasks.applyAsync('follows');
        story.push(
          `task ended, database ${this.database.open ? 'open' : 'closed'}, ${String(task.signal.aborted)}`,
        );
      }
      @Task('follows')
      follows(): void {}
    }
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [Database, Slow] })
    class App {}
    const worker = await CeleryFactory.createWorker(App, { logger: false, handleSignals: false });
    await worker.app.get(TaskClient).applyAsync('slow');
    await running;
    const closed = worker.close();
    release();
    await closed;
    await worker.run();
    expect(story).toEqual([
      'database opened',
      'task began, database open',
      'task ended, database open, false',
      'database closed',
    ]);
    expect(worker.status.state).toBe('stopped');
  });

  it('refuses a second worker beside the one of forRoot', async () => {
    @Module({ imports: [CeleryModule.forRoot(OPTIONS)], providers: [MathTasks] })
    class App {}
    await expect(CeleryFactory.createWorker(App, { logger: false })).rejects.toThrow(InvalidOptionError);
  });

  it('refuses worker options it does not know', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [MathTasks] })
    class App {}
    const wrong = { logger: false, concurency: 3 } as never;
    await expect(CeleryFactory.createWorker(App, wrong)).rejects.toThrow('worker.concurency');
  });

  it('fails to start at once where the broker cannot be reached, when told to', async () => {
    @Module({
      imports: [
        CeleryModule.forRoot({ broker: 'redis://127.0.0.1:1', brokerConnectionRetryOnStartup: false }),
      ],
      providers: [MathTasks],
    })
    class App {}
    const before = listenersOfProcess();
    await expect(CeleryFactory.createWorker(App, { logger: false })).rejects.toThrow(
      'redis://127.0.0.1:1 cannot be reached',
    );
    expect(listenersOfProcess()).toEqual(before);
  });

  it('can be stopped by a signal while it waits for its broker', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'redis://127.0.0.1:1' })], providers: [MathTasks] })
    class App {}
    const before = process.listenerCount('SIGTERM');
    const creating = CeleryFactory.createWorker(App, { logger: false });
    await eventually(() => process.listenerCount('SIGTERM') === before + 1);
    terminate();
    const worker = await creating;
    await worker.run();
    expect(worker.status.state).toBe('stopped');
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it.each([
    { left: 'nothing', leftBehind: { tasks: [], unheard: false }, exitCode: 0 },
    { left: 'a task', leftBehind: { tasks: ['add[1]'], unheard: false }, exitCode: 1 },
    { left: 'a broker that does not answer', leftBehind: { tasks: [], unheard: true }, exitCode: 1 },
  ])(
    'ends with $exitCode after a signal where it has left $left behind',
    async ({ leftBehind, exitCode }) => {
      @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [MathTasks] })
      class App {}
      const before = process.exitCode;
      const running = await CeleryFactory.createWorker(App, { logger: false });
      vi.spyOn(running.worker, 'leftBehind', 'get').mockReturnValue(leftBehind);
      terminate();
      await running.run();
      const ended = process.exitCode;
      process.exitCode = before;
      expect(ended).toBe(exitCode);
    },
  );

  it('ends with the 1 that something else has said before a signal came', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [MathTasks] })
    class App {}
    const before = process.exitCode;
    const running = await CeleryFactory.createWorker(App, { logger: false });
    process.exitCode = 1;
    terminate();
    await running.run();
    const ended = process.exitCode;
    process.exitCode = before;
    expect(ended).toBe(1);
  });

  it('says so, and ends with 1, where its application cannot be closed', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [MathTasks] })
    class App {}
    const before = process.exitCode;
    const lines: string[] = [];
    const logger = { log() {}, warn() {}, error: (line: string) => void lines.push(line) };
    const running = await CeleryFactory.createWorker(App, { logger });
    vi.spyOn(running.app, 'close').mockRejectedValue(new Error('the database would not close'));
    terminate();
    await running.run();
    await eventually(() => process.exitCode === 1);
    process.exitCode = before;
    expect(lines.join()).toContain('could not be closed: the database would not close');
  });

  it('leaves listeners of others to the process alone and takes its own away', async () => {
    @Module({ imports: [CeleryModule.forRoot({ broker: 'memory://' })], providers: [MathTasks] })
    class App {}
    const before = listenersOfProcess();
    const worker = await CeleryFactory.createWorker(App, { logger: false });
    expect(listenersOfProcess()).toEqual(before.map((count) => count + 1));
    await worker.close();
    expect(listenersOfProcess()).toEqual(before);
  });

  it('closes an application that never sent or consumed', async () => {
    @Module({
      imports: [CeleryModule.forRoot({ broker: 'amqp://127.0.0.1:1', backend: 'redis://127.0.0.1:1' })],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    await app.close();
  });
});

/** As a signal does. This process goes on with other tests: its deadline is taken away. */
function terminate(): void {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  process.emit('SIGTERM', 'SIGTERM');
  const [deadline] = timers.mock.results;
  expect(timers.mock.calls[0]?.[1]).toBeGreaterThanOrEqual(10_000);
  if (deadline?.type === 'return') clearTimeout(deadline.value);
  timers.mockRestore();
}

describe('revoke', () => {
  it('keeps a task that waits from running, and its result says so', async () => {
    let ran = 0;
    @Injectable()
    class Once {
      @Task('once')
      once(): void {
        ran += 1;
      }
    }
    await using t = await CeleryTestingModule.create({
      imports: [CeleryModule.forRoot()],
      providers: [Once],
      logger: false,
    });
    const result = await t.client.of(Once).once.applyAsync([], { countdown: '1h' });
    const kept = await t.client.of(Once).once.applyAsync([], { countdown: '1h' });
    await result.revoke();
    await t.advance('1h');
    expect(await result.state()).toBe('REVOKED');
    await expect(result.get()).rejects.toThrow(TaskRevokedError);
    expect(await kept.state()).toBe('SUCCESS');
    expect(ran).toBe(1);
  });
});

describe('taskAlwaysEager', () => {
  it('runs tasks where they are sent, with retries and callbacks, through serialization', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Eager {
      @Task({ name: 'flaky', maxRetries: 3 })
      flaky(task: TaskContext, when: Date): unknown {
        if (task.retries < 2) task.retry({ countdown: '1h' });
        return [task.retries, task.isEager, when instanceof Date];
      }
      @Task('noted')
      noted(result: unknown, text: string): void {
        seen.push(result, text);
      }
    }
    const module = await Test.createTestingModule({
      imports: [CeleryModule.forRoot({ broker: 'memory://', taskAlwaysEager: true })],
      providers: [Eager],
    }).compile();
    module.useLogger(false);
    await module.init();
    const tasks = module.get(TaskClient).of(Eager);
    const result = await tasks.flaky.applyAsync([new Date()], { link: tasks.noted.s('hello') });
    expect(await result.get()).toEqual([2, true, true]);
    expect(seen).toEqual([[2, true, true], 'hello']);
    await module.close();
  });

  it('throws what the task throws when told to', async () => {
    @Injectable()
    class Failing {
      @Task('fails')
      fails(): never {
        throw new RangeError('no');
      }
    }
    const open = async (taskEagerPropagates: boolean) => {
      const options = { broker: 'memory://', taskAlwaysEager: true, taskEagerPropagates };
      const module = await Test.createTestingModule({
        imports: [CeleryModule.forRoot(options)],
        providers: [Failing],
      }).compile();
      module.useLogger(false);
      return module.init();
    };
    const loud = await open(true);
    await expect(loud.get(TaskClient).of(Failing).fails.delay()).rejects.toThrow(RangeError);
    const quiet = await open(false);
    const result = await quiet.get(TaskClient).of(Failing).fails.delay();
    await expect(result.get()).rejects.toThrow('RangeError: no');
    await Promise.all([loud.close(), quiet.close()]);
  });
});

@Injectable()
class OptionsService implements CeleryOptionsFactory {
  createCeleryOptions(): CeleryOptions {
    return OPTIONS;
  }
}

@Module({ providers: [OptionsService], exports: [OptionsService] })
class OptionsModule {}

/** Of the signals and errors that a worker listens for. */
function listenersOfProcess(): number[] {
  return ['SIGTERM', 'uncaughtException', 'unhandledRejection'].map((event) => process.listenerCount(event));
}
