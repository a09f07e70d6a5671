import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { CeleryFactory, CeleryModule, Task, TaskContext, Tasks } from '../../lib/index.js';
import { armFrom } from './failpoints.js';
import { HardTasks } from './hard-tasks.js';
import { READY_LINE } from './order.js';
import { tellHeapIn } from './own-heap.js';
import { note, order } from './own-order.js';

// The worker of the fault tests: a Nest application as a user would start it. Its pool's children run this file too.

@Injectable()
@Tasks({ prefix: 'chaos' })
export class ChaosTasks {
  @Task({ acksLate: true, rejectOnWorkerLost: true })
  late(task: TaskContext, ms: number): Promise<number> {
    return this.run(task, ms);
  }

  @Task({ acksLate: false })
  early(task: TaskContext, ms: number): Promise<number> {
    return this.run(task, ms);
  }

  private async run({ id }: TaskContext, ms: number): Promise<number> {
    note('started', id);
    await pause(ms);
    note('ended', id);
    return ms;
  }
}

@Module({ imports: [CeleryModule.forRoot(order.app)], providers: [ChaosTasks, HardTasks] })
class ChaosModule {}

if (order.arm !== undefined) armFrom(order.arm);
if (order.heap !== undefined && !CeleryFactory.isPoolChild) tellHeapIn(order.heap);
const worker = await CeleryFactory.createWorker(ChaosModule, { ...order.worker, logger: ['warn', 'error'] });
console.log(READY_LINE);
await worker.run();
