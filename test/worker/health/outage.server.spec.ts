import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { CeleryApp } from '../../../lib/nest/celery.app.js';
import { readCeleryOptions } from '../../../lib/nest/celery.options.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { eventually } from '../../support/eventually.js';
import { startRedis } from '../../support/redis.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { probe } from './ask-probe.js';

/** A worker as it is in production, with probes that come often. */
async function startWorker(broker: string) {
  const app = await CeleryApp.open(
    readCeleryOptions({ broker, brokerConnectionTimeout: '500ms', brokerHeartbeat: 2 }),
    { log: silentLog },
  );
  app.defineTask('add', {}, (a: number, b: number) => a + b);
  const worker = await app.startWorker({
    queues: [`health-${randomUUID()}`],
    concurrency: 1,
    health: { port: 0, probeInterval: '100ms', probeTimeout: '500ms' },
  });
  const { healthUrl } = worker;
  const until = (code: number) =>
    eventually(
      async () => {
        const answer = await probe(healthUrl, '/ready');
        return answer.code === code ? answer.body['problems'] : undefined;
      },
      { withinMs: 20_000, what: `${code} of /ready` },
    );
  return {
    ready: () => until(200),
    notReady: () => until(503),
    live: async () => (await probe(healthUrl, '/live')).code,
    [Symbol.asyncDispose]: () => app.close(0),
  };
}

describe('the health of a worker on Redis', () => {
  it('goes with its broker and comes back with it: frozen, or killed', async () => {
    await using redis = await startRedis();
    await using worker = await startWorker(redis.url);
    expect(await worker.ready()).toEqual([]);

    redis.freeze();
    expect(await worker.notReady()).toHaveLength(1);
    expect(await worker.live()).toBe(200);
    redis.thaw();
    expect(await worker.ready()).toEqual([]);

    await redis.kill();
    expect(await worker.notReady()).toContain(`it is not connected to ${redis.url}`);
    expect(await worker.live()).toBe(200);
    await redis.start();
    expect(await worker.ready()).toEqual([]);
  });
});

describe('the health of a worker on RabbitMQ', () => {
  it('goes with its broker and comes back with it: silent, or cut off', async () => {
    const url = new URL(inject('rabbitUrl'));
    await using wire = await startTcpProxy(Number(url.port));
    url.port = String(wire.port);
    await using worker = await startWorker(url.href);
    expect(await worker.ready()).toEqual([]);

    wire.freeze();
    expect(await worker.notReady()).not.toEqual([]);
    expect(await worker.live()).toBe(200);
    wire.heal();
    wire.cut();
    expect(await worker.ready()).toEqual([]);

    wire.freeze();
    wire.cut();
    expect(await worker.notReady()).toContainEqual(expect.stringMatching(/^it is not connected to amqp:/));
    expect(await worker.live()).toBe(200);
    wire.heal();
    expect(await worker.ready()).toEqual([]);
  });
});
