import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CeleryModule, Task, TaskClient, Tasks, type CeleryOptions } from '../../lib/index.js';
import { CYCLES_VARIABLE, type Cycled, type Cycles } from './order.js';

// An application with a worker in it, opened and closed again and again, as the tests of an application do. Tells what it
// still holds, and then has to end by itself.

const { app, cycles } = JSON.parse(process.env[CYCLES_VARIABLE] ?? '{}') as Cycles;

@Injectable()
@Tasks({ prefix: 'cycles' })
class CycleTasks {
  @Task()
  echo(value: number): number {
    return value;
  }
}

const options: CeleryOptions = { ...app, worker: { concurrency: 2 } };

@Module({ imports: [CeleryModule.forRoot(options)], providers: [CycleTasks] })
class CycleModule {}

const held: (readonly string[])[] = [];
for (let cycle = 0; cycle < cycles; cycle += 1) {
  const context = await NestFactory.createApplicationContext(CycleModule, { logger: ['error', 'warn'] });
  const result = await context.get(TaskClient).applyAsync<number>('cycles.echo', { args: [cycle] });
  if ((await result.get({ timeout: '30s' })) !== cycle) throw new Error(`cycle ${cycle} gave something else`);
  await context.close();
  await released();
  held.push(process.getActiveResourcesInfo().toSorted());
}

/** A socket that was closed is gone a turn or two later. */
async function released(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) {
    if (!process.getActiveResourcesInfo().some((name) => name.startsWith('TCP'))) return;
    await pause(20);
  }
}

const cycled: Cycled = { first: held[0] ?? [], last: held.at(-1) ?? [] };
process.stdout.write(`${JSON.stringify(cycled)}\n`);
