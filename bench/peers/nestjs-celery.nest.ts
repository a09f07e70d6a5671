import 'reflect-metadata';
import {
  Injectable,
  Module,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { CeleryFactory, CeleryModule, Task, Tasks } from '../../lib/index.js';
import type { Order } from '../order.js';
import { appOptions, workerOptions } from './nestjs-celery.js';

let tick = (): void => undefined;

class Noops {
  noop(...args: unknown[]): number {
    tick();
    return args.length;
  }
}

@Injectable()
class Through implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle();
  }
}

@Injectable()
class Allow implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Injectable()
@Tasks({ prefix: 'bench' })
class PlainTasks extends Noops {
  @Task()
  override noop(...args: unknown[]): number {
    return super.noop(...args);
  }
}

@Injectable()
@Tasks({ prefix: 'bench' })
class GuardedTasks extends Noops {
  @Task()
  @UseGuards(Allow)
  override noop(...args: unknown[]): number {
    return super.noop(...args);
  }
}

@Injectable()
@Tasks({ prefix: 'bench' })
class InterceptedTasks extends Noops {
  @Task()
  @UseInterceptors(Through)
  override noop(...args: unknown[]): number {
    return super.noop(...args);
  }
}

@Injectable({ scope: Scope.REQUEST })
@Tasks({ prefix: 'bench' })
class ScopedTasks extends Noops {
  @Task()
  override noop(...args: unknown[]): number {
    return super.noop(...args);
  }
}

const PROVIDERS: Readonly<Record<string, Type>> = {
  nest: PlainTasks,
  'nest guard': GuardedTasks,
  'nest interceptor': InterceptedTasks,
  'nest request scope': ScopedTasks,
};

/** A Nest application as a user starts it. */
export async function workInNest(order: Order, onTask: () => void): Promise<void> {
  tick = onTask;
  const provider = PROVIDERS[order.extra];
  if (provider === undefined) throw new Error(`Nothing of Nest's is called "${order.extra}"`);
  @Module({
    imports: [CeleryModule.forRoot(appOptions(order))],
    providers: [provider],
  })
  class BenchModule {}
  const worker = await CeleryFactory.createWorker(BenchModule, {
    ...workerOptions(order),
    logger: ['warn', 'error'],
  });
  void worker.run();
}
