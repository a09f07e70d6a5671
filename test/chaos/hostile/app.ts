import 'reflect-metadata';
import {
  ConsoleLogger,
  Injectable,
  Module,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type Type,
} from '@nestjs/common';
import { CeleryModule, Task, TaskContext, Tasks, type CeleryOptions } from '../../../lib/index.js';
import { HostileFilter, HostileGuard, HostileInterceptor, HostileListeners, HostilePipe } from './called.js';
import { fail } from './site.js';
import { SITES } from './sites.js';

const STRIKES = new Map(SITES.map(({ name, strike }) => [name, strike]));

@Injectable()
@Tasks({ prefix: 'hostile' })
@UseGuards(HostileGuard)
@UsePipes(HostilePipe)
@UseInterceptors(HostileInterceptor)
@UseFilters(HostileFilter)
class HostileTasks {
  @Task({ acksLate: true, rejectOnWorkerLost: true, softTimeLimit: '2s' })
  strikes(task: TaskContext, site: string): unknown {
    return STRIKES.get(site)?.(task);
  }
}

/** Innocent, beside the others. */
@Injectable()
@Tasks({ prefix: 'hostile' })
class GoodTasks {
  @Task({ acksLate: true, rejectOnWorkerLost: true, bind: true })
  async runs({ deliveryInfo }: TaskContext, ms: number): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return deliveryInfo.redelivered ? 'again' : 'once';
  }
}

/** Breaks at the lines that name its sites. */
export class HostileLogger extends ConsoleLogger {
  override log(message: unknown): void {
    if (String(message).includes('a logger that throws')) fail();
    if (String(message).includes('a logger that lets')) void Promise.reject(new Error('as it should'));
  }
}

export function hostileModule(app: CeleryOptions): Type<unknown> {
  const providers = [HostileTasks, GoodTasks, HostileListeners];
  @Module({ imports: [CeleryModule.forRoot(app)], providers })
  class HostileModule {}
  return HostileModule;
}
