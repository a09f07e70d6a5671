import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Reject, Task, TaskContext, Tasks } from '../../lib/index.js';
import { copyGives, type Copied } from './copies.js';
import { BACKOFF_SECONDS, duesFile, RETRIES } from './hard-figures.js';
import { note } from './own-order.js';

/** How a task ends its process, and what keeps it busy for ever. */
export const DEATHS = ['exit', 'abort', 'kill', 'memory', 'loop', 'huge'] as const;
export type Death = (typeof DEATHS)[number];

const LATE = { acksLate: true, rejectOnWorkerLost: true } as const;

/** Tasks that do not simply end. */
@Injectable()
@Tasks({ prefix: 'hard' })
export class HardTasks {
  /** Deadly while the file is there. */
  @Task({ ...LATE, acksOnFailureOrTimeout: false })
  pill({ id }: TaskContext, how: Death, file: string): unknown {
    note('started', id);
    const result = existsSync(file) ? die(how) : undefined;
    note('ended', id);
    return result;
  }

  /** Deadly the first time. Its options are the scenario's. */
  @Task()
  once({ id }: TaskContext, how: Death, folder: string): unknown {
    note('started', id);
    const begun = join(folder, id);
    if (!existsSync(begun)) {
      writeFileSync(begun, '');
      return die(how);
    }
    note('ended', id);
    return undefined;
  }

  @Task(LATE)
  raise({ id }: TaskContext): void {
    note('started', id);
    note('ended', id);
    throw new Error('as it should');
  }

  @Task({ ...LATE, maxRetries: 3 })
  retry(task: TaskContext, times: number): void {
    note('started', task.id);
    if (task.retries < times) throw task.retry({ countdown: 0 });
    note('ended', task.id);
  }

  @Task(LATE)
  reject({ id, deliveryInfo }: TaskContext): void {
    note('started', id);
    if (!deliveryInfo.redelivered) throw new Reject('once', { requeue: true });
    note('ended', id);
  }

  /** Takes what the tasks before it gave. */
  @Task(LATE)
  follow({ id }: TaskContext, given: unknown): unknown {
    note('started', id);
    note('ended', id);
    return given;
  }

  /** The same, acknowledged before it runs. */
  @Task({ acksLate: false })
  pass({ id }: TaskContext, given: unknown): unknown {
    note('started', id);
    note('ended', id);
    return given;
  }

  /** Sent twice: `copies.ts`. */
  @Task(LATE)
  copied({ id, headers }: TaskContext, how: Copied, place: number, failing: number | null): string {
    note('started', id);
    note('ended', id);
    return copyGives(how, place, failing, headers);
  }

  @Task({ ...LATE, maxRetries: RETRIES })
  fails(task: TaskContext, wrong: number): never {
    note('started', task.id);
    if (task.retries === RETRIES) note('ended', task.id);
    throw task.retry({ countdown: 1, cause: new Error(`as it should: ${wrong}`) });
  }

  /** Fails while the file is there, and notes beside it when each retry was due. */
  @Task({
    ...LATE,
    autoretryFor: [Error],
    maxRetries: null,
    retryBackoff: BACKOFF_SECONDS,
    retryBackoffMax: 8,
  })
  depends({ id, eta }: TaskContext, away: string): void {
    note('started', id);
    if (eta !== undefined) appendFileSync(duesFile(away), `${eta.getTime()}\n`);
    if (existsSync(away)) throw new Error('it is away');
    note('ended', id);
  }

  /** Leaves no trace. */
  @Task(LATE)
  nothing(value: unknown): unknown {
    return value;
  }

  /** Runs while the file is there, whatever its signal says, and tells who ran it. */
  @Task(LATE)
  async held({ id }: TaskContext, file: string): Promise<number> {
    note('started', id);
    while (existsSync(file)) await pause(20);
    note('ended', id);
    return process.pid;
  }

  /** Runs while the file is there, or until its signal aborts. */
  @Task(LATE)
  async hold({ id, signal }: TaskContext, file: string): Promise<void> {
    note('started', id);
    while (existsSync(file)) await pause(20, undefined, { signal });
    note('ended', id);
  }
}

function die(how: Death): unknown {
  switch (how) {
    case 'exit':
      return process.exit(1);
    case 'abort':
      return process.abort();
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return undefined;
    case 'memory': {
      const all: unknown[] = [];
      for (;;) all.push(Array.from({ length: 10_000 }, () => ({ held: all })));
    }
    case 'loop':
      for (;;) Math.sqrt(2);
    case 'huge':
      return Array.from({ length: 4 }, () => 'x'.repeat(2 ** 28));
  }
}
