import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly memory: string;
  readonly versions: Readonly<Record<string, string>>;
}

/** Where a run took place, and what took part in it. */
export function thisMachine(): Machine {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${processors.length} x ${processors[0]?.model.trim() ?? 'CPU'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions: {
      'nestjs-celery': versionIn('package.json'),
      Node: process.versions.node,
      RabbitMQ: firstNumber('/usr/sbin/rabbitmqctl', 'version'),
      Redis: firstNumber('redis-server', '--version'),
      amqplib: installed('amqplib'),
      ioredis: installed('ioredis'),
      BullMQ: installed('bullmq'),
      'celery-node': installed('celery-node'),
      '@golevelup/nestjs-rabbitmq': installed('@golevelup/nestjs-rabbitmq'),
      Celery: firstNumber('/usr/bin/python3', '-m', 'celery', '--version'),
      Python: firstNumber('/usr/bin/python3', '--version'),
    },
  };
}

export function describeMachine({ date, cpu, memory, versions }: Machine): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}, ${cpu}, ${memory}; ${named.join(', ')}.`;
}

function installed(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    const version = versionIn(`${folder}/${name}/package.json`);
    if (version !== 'unknown') return version;
  }
  return 'unknown';
}

function versionIn(path: string): string {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
  } catch {
    return 'unknown';
  }
}

function firstNumber(program: string, ...args: string[]): string {
  try {
    const text = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
