import 'reflect-metadata';
import { EventEmitter } from 'node:events';
import { Injectable, Module } from '@nestjs/common';
import { CeleryModule, OnTaskEvent, Task, TaskContext, Tasks, type HookEvents } from '../../../lib/index.js';

/** Set while the module is loaded: what it starts is no task's. */
let onNobodys = (): void => undefined;
setInterval(() => onNobodys(), 10).unref();

@Injectable()
@Tasks({ prefix: 'escapes' })
export class EscapingTasks {
  @Task()
  async takes(ms: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return ms;
  }

  @Task({ softTimeLimit: '200ms' })
  async lets(task: TaskContext, how: string): Promise<void> {
    const error = new Error(`let go by ${how}`);
    const fail = (): never => {
      throw error;
    };
    switch (how) {
      case 'a tick':
        process.nextTick(fail);
        break;
      case 'a timer':
        setTimeout(fail, 20);
        break;
      case 'a rejection':
        void Promise.reject(error);
        break;
      case 'an emitter':
        setImmediate(() => new EventEmitter().emit('error', error));
        break;
      case 'an abort listener':
        task.signal.addEventListener('abort', fail);
        break;
      case 'a hostile error':
        throw new Proxy(error, { getPrototypeOf: fail, get: fail });
      case 'a late timer':
        setTimeout(fail, 100);
        return;
      case 'nobody':
        onNobodys = () => {
          onNobodys = () => undefined;
          fail();
        };
        return;
      default:
        return;
    }
    await new Promise(() => undefined);
  }
}

@Injectable()
export class EscapingListener {
  @OnTaskEvent('task-succeeded')
  succeeded({ args }: HookEvents['task-succeeded']): void {
    if (args[0] === 'a listener') void Promise.reject(new Error('let go by a listener'));
  }
}

@Module({
  imports: [CeleryModule.forRoot({ broker: 'memory://', backend: 'memory://' })],
  providers: [EscapingTasks, EscapingListener],
})
export class EscapesModule {}
