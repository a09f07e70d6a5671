import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, inject, it } from 'vitest';

const run = promisify(execFile);

/** A Nest application that sends a task to its own worker, closes, and then has nothing left to keep it alive. */
const APP = `
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CeleryModule, Task, TaskClient } from 'nestjs-celery';

class Sums {
  add(a, b) {
    return a + b;
  }
}
Task('add')(Sums.prototype, 'add', Object.getOwnPropertyDescriptor(Sums.prototype, 'add'));
Injectable()(Sums);
class App {}
const options = { broker: process.argv[1], backend: process.argv[2], taskDefaultQueue: process.argv[3], worker: true };
Module({ imports: [CeleryModule.forRoot(options)], providers: [Sums] })(App);

const app = await NestFactory.createApplicationContext(App, { logger: false });
const result = await app.get(TaskClient).of(Sums).add.delay(2, 3);
console.log(await result.get({ timeout: '10s' }));
const later = await app.get(TaskClient).of(Sums).add.applyAsync([1, 1], { countdown: '1h' });
console.log(await later.state());
await app.close();
console.log('closed');
`;

describe('app.close()', () => {
  it.each([
    ['memory', () => ['memory://', 'memory://']],
    ['Redis', () => [`${inject('redisUrl')}/11`, `${inject('redisUrl')}/12`]],
    ['RabbitMQ with results in Redis', () => [inject('rabbitUrl'), `${inject('redisUrl')}/12`]],
    ['RabbitMQ with results by reply message', () => [inject('rabbitUrl'), 'rpc://']],
    ['Redis with results by reply message', () => [`${inject('redisUrl')}/11`, 'rpc://']],
  ])('leaves nothing that keeps the process alive: %s', async (_name, urls) => {
    const queue = `exit-${crypto.randomUUID()}`;
    const args = ['--input-type=module', '-e', APP, ...urls(), queue];
    const { stdout, stderr } = await run(process.execPath, args, { timeout: 30_000 });
    expect(stdout).toBe('5\nPENDING\nclosed\n');
    expect(stderr).toBe('');
  });
});
