import {
  Catch,
  Injectable,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { OnTaskEvent, type HookEvents, type TaskContext } from '../../../lib/index.js';
import { fail, fails, succeeds, type Site } from './site.js';

/** Enhancers and listeners that break where the first argument of a task names them. */
export const CALLED: readonly Site[] = [
  ...fails({
    'a guard that throws': () => 1,
    'a guard that rejects': () => 1,
    'a guard that refuses': () => 1,
    'a pipe that throws': () => 1,
    'an interceptor that throws before': () => 1,
    'an interceptor that throws afterwards': () => 1,
    'a filter that throws': fail,
    'a listener of failures that throws': fail,
  }),
  ...succeeds({
    'a listener before the run that throws': () => 1,
    'a listener after the run that rejects': () => 1,
    'a listener of successes that throws': () => 1,
    'a listener of successes that lets a promise reject': () => 1,
    'a listener of arrivals that lets a timer throw': () => 1,
    'a logger that throws': () => 1,
    'a logger that lets a promise reject': () => 1,
  }),
];

function siteOf(context: ExecutionContext | ArgumentsHost): unknown {
  return context.getArgByIndex<TaskContext>(0).args[0];
}

@Injectable()
export class HostileGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const site = siteOf(context);
    if (site === 'a guard that throws') fail();
    if (site === 'a guard that rejects') return Promise.reject(new Error('as it should'));
    return site !== 'a guard that refuses';
  }
}

@Injectable()
export class HostilePipe implements PipeTransform<unknown, unknown> {
  transform(value: unknown): unknown {
    return value === 'a pipe that throws' ? fail() : value;
  }
}

@Injectable()
export class HostileInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const site = siteOf(context);
    if (site === 'an interceptor that throws before') fail();
    const afterwards = site === 'an interceptor that throws afterwards';
    return afterwards ? throwError(() => new Error('as it should')) : next.handle();
  }
}

@Catch()
export class HostileFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): never {
    if (siteOf(host) === 'a filter that throws') fail();
    throw thrown;
  }
}

@Injectable()
export class HostileListeners {
  @OnTaskEvent('task-prerun')
  before({ args }: HookEvents['task-prerun']): void {
    if (args[0] === 'a listener before the run that throws') fail();
  }

  @OnTaskEvent('task-postrun')
  async after({ args }: HookEvents['task-postrun']): Promise<void> {
    if (args[0] === 'a listener after the run that rejects') fail();
  }

  @OnTaskEvent('task-succeeded')
  succeeded({ args }: HookEvents['task-succeeded']): void {
    if (args[0] === 'a listener of successes that throws') fail();
    if (args[0] === 'a listener of successes that lets a promise reject')
      void Promise.reject(new Error('as it should'));
  }

  @OnTaskEvent('task-received')
  received({ args }: HookEvents['task-received']): void {
    if (args[0] === 'a listener of arrivals that lets a timer throw') setTimeout(fail, 5);
  }

  @OnTaskEvent('task-failed')
  failed({ args }: HookEvents['task-failed']): void {
    if (args[0] === 'a listener of failures that throws') fail();
  }
}
