import 'reflect-metadata';
import {
  Body,
  Catch,
  Controller,
  createParamDecorator,
  ForbiddenException,
  Inject,
  Injectable,
  Logger,
  ParseIntPipe,
  Post,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type Provider,
  type Type,
} from '@nestjs/common';
import { APP_GUARD, Reflector, REQUEST } from '@nestjs/core';
import { map, of, throwError, type Observable } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import {
  CeleryModule,
  Ignore,
  Task,
  TaskContext,
  TaskFailedError,
  Tasks,
  type CeleryOptions,
} from '../../lib/index.js';
import { CeleryTestingModule } from '../../lib/testing/index.js';

/** An application of these providers, and how a task in it ends. */
async function start(
  providers: Provider[],
  { celery, controllers = [] }: { celery?: CeleryOptions; controllers?: Type[] } = {},
) {
  const t = await CeleryTestingModule.create({
    imports: [CeleryModule.forRoot(celery)],
    providers,
    controllers,
    logger: false,
  });
  return {
    ...t,
    async run(name: string, args: unknown[] = [], kwargs: Record<string, unknown> = {}): Promise<unknown> {
      const result = await t.client.applyAsync(name, { args, kwargs });
      await t.drain();
      return result.get();
    },
    async failure(name: string, args: unknown[] = []): Promise<TaskFailedError> {
      const result = await t.client.applyAsync(name, { args });
      await t.drain();
      return result.get().then(
        () => Promise.reject(new Error('it succeeded')),
        (error: unknown) => error as TaskFailedError,
      );
    },
  };
}

describe('enhancers of a task', () => {
  it('runs guards of method and class with the task as context, and fails the task when one refuses', async () => {
    const seen: string[] = [];
    @Injectable()
    class RoleGuard implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        const task = context.getArgByIndex<TaskContext>(0);
        const role = this.reflector.get<string>('role', context.getHandler());
        seen.push(
          `${context.getType()} ${context.getClass().name}.${context.getHandler().name} ${role} ${task.name}`,
        );
        return task.headers['x-role'] === role;
      }
    }
    @UseGuards(RoleGuard)
    @Injectable()
    class Guarded {
      @SetMetadata('role', 'admin')
      @Task('guarded')
      work(): string {
        return 'done';
      }
    }
    await using t = await start([Guarded, RoleGuard]);
    const allowed = await t.client.applyAsync('guarded', { headers: { 'x-role': 'admin' } });
    await t.drain();
    expect(await allowed.get()).toBe('done');
    expect(seen).toEqual(['task Guarded.work admin guarded']);
    expect((await t.failure('guarded')).remote).toMatchObject({ type: ForbiddenException.name });
  });

  it('runs interceptors around the method', async () => {
    @Injectable()
    class TenTimes implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
        return next.handle().pipe(map((value) => value * 10));
      }
    }
    @Injectable()
    class Sums {
      @UseInterceptors(TenTimes)
      @Task('sum')
      sum(first: number, ...rest: number[]): number {
        return rest.reduce((sum, each) => sum + each, first);
      }
    }
    await using t = await start([Sums]);
    expect(await t.run('sum', [1, 2, 3])).toBe(60);
  });

  it('runs pipes on the arguments, and on nothing else', async () => {
    @Injectable()
    class Numbers {
      @UsePipes(ParseIntPipe)
      @Task('add')
      add(task: TaskContext, a: number, b: number): unknown[] {
        return [a + b, task.name];
      }
    }
    await using t = await start([Numbers]);
    expect(await t.run('add', ['1', '2'])).toEqual([3, 'add']);
    expect((await t.failure('add', ['x', '2'])).remote.type).toBe('BadRequestException');
  });

  it('fills in parameters that have a decorator of their own', async () => {
    const TaskId = createParamDecorator(
      (_data: unknown, context: ExecutionContext) => context.getArgByIndex<TaskContext>(0).name,
    );
    @Injectable()
    class Decorated {
      @Task('decorated')
      work(a: number, @TaskId() name: string, b: number): unknown[] {
        return [a, name, b];
      }
    }
    await using t = await start([Decorated]);
    expect(await t.run('decorated', [1, 2])).toEqual([1, 'decorated', 2]);
    expect(await t.run('decorated', [1], { b: 5 })).toEqual([1, 'decorated', 5]);
  });

  it('lets filters replace an error, or answer in its place', async () => {
    @Catch(RangeError)
    class Rename implements ExceptionFilter<RangeError> {
      catch(error: RangeError, host: ArgumentsHost) {
        return throwError(() => new TypeError(`${host.getType()}: ${error.message}`));
      }
    }
    @Catch()
    class Answer implements ExceptionFilter {
      catch(): string {
        return 'answered';
      }
    }
    @Injectable()
    class Failing {
      @UseFilters(Rename)
      @Task('renamed')
      renamed(): never {
        throw new RangeError('boom');
      }
      @UseFilters(Answer)
      @Task('answered')
      answered(): never {
        throw new Error('boom');
      }
      @UseFilters(Answer)
      @Task('ignored')
      ignored(): never {
        throw new Ignore();
      }
      @UseFilters(Answer)
      @Task({ name: 'retried', maxRetries: 1 })
      retried(task: TaskContext): string {
        return task.retries === 1 ? 'second' : task.retry({ countdown: '1s' });
      }
    }
    await using t = await start([Failing]);
    expect((await t.failure('renamed')).remote).toMatchObject({ type: 'TypeError', message: 'task: boom' });
    expect(await t.run('answered')).toBe('answered');
    const ignored = await t.client.applyAsync('ignored');
    const retried = await t.client.applyAsync('retried');
    await t.drain();
    expect(await ignored.state()).toBe('PENDING');
    expect(await retried.state()).toBe('RETRY');
    await t.advance('1s');
    expect(await retried.get()).toBe('second');
  });

  it('takes the last value of an Observable', async () => {
    @Injectable()
    class Streams {
      @Task('stream')
      stream(): Observable<number> {
        return of(1, 2, 3);
      }
    }
    await using t = await start([Streams]);
    expect(await t.run('stream')).toBe(3);
  });

  it('leaves global enhancers out unless they are asked for', async () => {
    @Injectable()
    class Nobody implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Injectable()
    class Plain {
      @Task('plain')
      work(): string {
        return 'done';
      }
    }
    const providers = [Plain, { provide: APP_GUARD, useClass: Nobody }];
    await using without = await start(providers);
    expect(await without.run('plain')).toBe('done');
    await using asked = await start(providers, { celery: { enhancers: { guards: true } } });
    expect((await asked.failure('plain')).remote.type).toBe('ForbiddenException');
  });

  it('logs a failed task once', async () => {
    @Injectable()
    class Failing {
      @UseFilters()
      @UseGuards()
      @Task('fails')
      work(): never {
        throw new Error('only once');
      }
    }
    const t = await start([Failing]);
    const errors = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await t.failure('fails');
    expect(errors).toHaveBeenCalledTimes(1);
    errors.mockRestore();
    await t.close();
  });
});

describe('scopes', () => {
  it('gives a request-scoped provider afresh to each attempt, with the task as request', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      private readonly number = ++made;
      constructor(@Inject(REQUEST) private readonly task: TaskContext) {}
      @Task({ name: 'scoped', maxRetries: 1 })
      work(task: TaskContext): unknown[] {
        if (task.retries === 0) task.retry({ countdown: 0 });
        return [this.number, this.task === task];
      }
    }
    await using t = await start([Scoped]);
    expect(await t.run('scoped')).toEqual([2, true]);
  });

  it('finds tasks in controllers, base classes, factories, transient providers, and through no alias twice', async () => {
    abstract class Base {
      @Task('inherited')
      inherited(): string {
        return `inherited by ${this.constructor.name}`;
      }
    }
    @Injectable()
    class Child extends Base {}
    @Injectable()
    class Made {
      constructor(readonly tag: string) {}
      @Task('made')
      made(): string {
        return this.tag;
      }
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      private readonly ready = true;
      @Task('transient')
      work(): boolean {
        return this.ready;
      }
    }
    @Controller('c')
    class Api {
      @Post()
      @Task('api')
      create(@Body() body: unknown): unknown {
        return body;
      }
    }
    const providers: Provider[] = [
      Child,
      { provide: 'made', useFactory: () => new Made('by factory') },
      Transient,
      { provide: 'alias', useExisting: Child },
    ];
    await using t = await start(providers, { controllers: [Api] });
    expect(await t.run('inherited')).toBe('inherited by Child');
    expect(await t.run('made')).toBe('by factory');
    expect(await t.run('transient')).toBe(true);
    expect(await t.run('api', [{ from: 'a task' }])).toEqual({ from: 'a task' });
  });

  it('refuses two tasks of one name, naming both places', async () => {
    @Injectable()
    class One {
      @Task('same')
      a(): void {}
    }
    @Injectable()
    class Two {
      @Task('same')
      b(): void {}
    }
    await expect(start([One, Two])).rejects.toThrow(/One\.a in .*Two\.b in /);
  });

  it('names tasks after class and method, or by prefix', async () => {
    @Injectable()
    class Plain {
      @Task()
      work(): string {
        return 'plain';
      }
    }
    @Tasks({ prefix: 'p' })
    @Injectable()
    class Prefixed {
      @Task()
      work(): string {
        return 'prefixed';
      }
    }
    await using t = await start([Plain, Prefixed]);
    expect(await t.run('Plain.work')).toBe('plain');
    expect(await t.run('p.work')).toBe('prefixed');
  });
});
