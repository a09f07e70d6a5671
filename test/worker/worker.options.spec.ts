import { describe, expect, it } from 'vitest';
import { nodeName } from '../../lib/worker/node-name.js';
import { readWorkerOptions, type WorkerOptions } from '../../lib/worker/worker.options.js';

describe('worker options', () => {
  it("are Celery's where nothing is said", () => {
    expect(readWorkerOptions()).toMatchObject({
      prefetchMultiplier: 4,
      disablePrefetch: false,
      pool: 'async',
      onUnknownTask: { kind: 'quarantine' },
      onMalformed: { kind: 'quarantine' },
      shutdownGrace: 25_000,
      logArguments: 'omit',
    });
  });

  it('read a wait for unknown tasks', () => {
    const { onUnknownTask } = readWorkerOptions({ onUnknownTask: { requeueAfter: '10s' } });
    expect(onUnknownTask).toEqual({ kind: 'requeue', afterMs: 10_000 });
  });

  it.each<[WorkerOptions, string]>([
    [{ concurrency: 0 }, 'worker.concurrency'],
    [{ concurency: 1 } as WorkerOptions, 'Did you mean concurrency?'],
    [{ onMalformed: 'drop' as 'discard' }, 'worker.onMalformed'],
    [{ onMalformed: {} as { requeueAfter: number } }, 'worker.onMalformed.requeueAfter'],
    [{ timeLimit: 5, softTimeLimit: 10 }, 'worker.softTimeLimit'],
    [{ hostname: 'two words' }, 'worker.hostname'],
    [{ pool: 'gevent' as 'async' }, 'worker.pool'],
    [{ pools: { default: {} } }, 'worker.pools.default'],
    [{ pools: { cpu: { pool: 'fibers' as 'async' } } }, 'worker.pools.cpu.pool'],
    [{ autoscale: { max: 2, min: 3 } }, 'worker.autoscale.min'],
    [{ autoscale: {} as { max: number } }, 'worker.autoscale.max'],
  ])('%j is refused by name', (options, named) => {
    expect(() => readWorkerOptions(options)).toThrow(named);
  });
});

describe('a node name', () => {
  it.each([
    ['celery@%h', 'celery@box.example.org'],
    ['w1@%n', 'w1@box'],
    ['w1@%d', 'w1@example.org'],
    ['w1', 'celery@w1'],
    ['100%%@%h', '100%@box.example.org'],
  ])('%s is %s', (written, name) => {
    expect(nodeName(written, 'hostname', 'box.example.org')).toBe(name);
  });
});
