import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { describe, expect, it } from 'vitest';
import { CeleryHealthIndicator, CeleryModule, type CeleryOptions } from '../../lib/index.js';
import type { CeleryHost } from '../../lib/nest/celery.host.js';
import { getCeleryToken } from '../../lib/tokens.js';
import { eventually } from '../support/eventually.js';

@Injectable()
class Probes {
  constructor(readonly celery: CeleryHealthIndicator) {}
}

/** Nothing listens there. */
const AWAY: CeleryOptions = { broker: 'redis://127.0.0.1:1', brokerConnectionTimeout: '1s' };

async function open(
  options: CeleryOptions & { readonly name?: string },
  imports: DynamicModule['imports'] = [],
) {
  @Module({ imports: [CeleryModule.forRoot(options), ...imports], providers: [Probes] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  return {
    app,
    celery: app.get(Probes).celery,
    [Symbol.asyncDispose]: () => app.close(),
  };
}

describe.each([
  ['with terminus', [TerminusModule.forRoot({ logger: false })]],
  ['without it', []],
])('the health indicator, %s,', (_, imports) => {
  it('is injected, and up when the broker answers', async () => {
    await using world = await open({ broker: 'memory://health-up' }, imports);

    expect(await world.celery.isHealthy('celery')).toEqual({
      celery: { status: 'up', broker: 'memory://health-up' },
    });
  });

  it('is down, with the reason, when the broker does not answer in time', async () => {
    await using world = await open(AWAY, imports);

    expect(await world.celery.isHealthy('celery', { timeout: '50ms' })).toEqual({
      celery: {
        status: 'down',
        broker: 'redis://127.0.0.1:1',
        problems: ['redis://127.0.0.1:1: not connected within 50 ms'],
      },
    });
  });
});

describe('the health indicator', () => {
  it('takes part in a health check of terminus', async () => {
    await using up = await open({ broker: 'memory://health-check' }, [
      TerminusModule.forRoot({ logger: false }),
    ]);
    await using down = await open(AWAY, [TerminusModule.forRoot({ logger: false })]);
    const check = ({ app, celery }: typeof up) =>
      app.get(HealthCheckService).check([() => celery.isHealthy('celery', { timeout: '50ms' })]);

    expect(await check(up)).toMatchObject({ status: 'ok', info: { celery: { status: 'up' } } });
    await expect(check(down)).rejects.toMatchObject({
      status: 503,
      response: { status: 'error', error: { celery: { status: 'down' } } },
    });
  });

  it('marks by the service of the application, where there is one', async () => {
    await using world = await open({ broker: 'memory://health-own' }, [TerminusModule]);
    const service = world.app.get(HealthIndicatorService, { strict: false });
    const keys: string[] = [];
    const check = service.check.bind(service);
    service.check = (key) => {
      keys.push(key);
      return check(key);
    };

    await world.celery.isHealthy('queue');

    expect(keys).toEqual(['queue']);
  });

  it('asks for workers of the fleet, and for the one of this process', async () => {
    const worker = { hostname: 'w1@test', concurrency: 1 };
    await using world = await open({ broker: 'memory://health-fleet', worker });
    const { celery } = world;

    expect(await celery.isHealthy('celery', { workers: 1 })).toEqual({
      celery: { status: 'up', broker: 'memory://health-fleet', workers: 1 },
    });
    expect(await celery.isHealthy('celery', { workers: 2, timeout: '100ms' })).toEqual({
      celery: {
        status: 'down',
        broker: 'memory://health-fleet',
        workers: 1,
        problems: ['1 of 2 workers answered within 100 ms'],
      },
    });
  });

  it('says what keeps the worker of this process from being ready', async () => {
    await using world = await open({
      broker: 'memory://health-worker',
      worker: { hostname: 'w1@test', health: {} },
    });
    const { celery } = world;
    await eventually(async () => (await celery.isHealthy('celery')).celery.status === 'up');

    await world.app.get<CeleryHost>(getCeleryToken()).app.worker?.stop();

    expect(await celery.isHealthy('celery')).toEqual({
      celery: { status: 'down', broker: 'memory://health-worker', problems: ['w1@test: it has stopped'] },
    });
  });

  it('names an app that is not there, and a bad option', async () => {
    await using world = await open({ broker: 'memory://health-names', name: 'billing' });
    const { celery } = world;

    expect(await celery.isHealthy('celery', { app: 'billing' })).toMatchObject({ celery: { status: 'up' } });
    await expect(celery.isHealthy('celery', { app: 'mail' })).rejects.toThrow(
      'app: no CeleryModule.forRoot() with the name "mail" is imported',
    );
    await expect(celery.isHealthy('celery')).rejects.toThrow('with the name undefined is imported');
    await expect(celery.isHealthy('celery', { app: 'billing', workers: -1 })).rejects.toThrow(
      'workers: expected an integer, 0 or more, got -1',
    );
    await expect(celery.isHealthy('celery', { app: 'billing', timeout: 'soon' as '1s' })).rejects.toThrow(
      'timeout',
    );
  });
});
