import { Injectable, Module } from '@nestjs/common';
import { CeleryModule, every, Task, TaskContext } from '../../lib/index.js';

@Injectable()
class FixtureTasks {
  @Task({ name: 'cli.add' })
  add(a: number, b: number): number {
    return a + b;
  }

  @Task({ name: 'cli.boom' })
  boom(): never {
    throw new RangeError('no such user: 42');
  }

  /** Runs until it is asked to stop. */
  @Task({ name: 'cli.hold' })
  async hold(task: TaskContext): Promise<void> {
    await new Promise<void>((resolve) => task.signal.addEventListener('abort', () => resolve()));
  }
}

/** What the command line is tested with. Broker and backend come from its flags or the environment. */
@Module({
  imports: [
    CeleryModule.forRoot({
      taskDefaultQueue: process.env['FIXTURE_QUEUE'] ?? 'celery',
      beatSchedule: { sum: { task: 'cli.add', schedule: every('1h'), args: [1, 2] } },
    }),
  ],
  providers: [FixtureTasks],
})
export class AppModule {}
