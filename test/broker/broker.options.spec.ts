import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidOptionError } from '../../lib/errors.js';
import { brokerFields, brokerSettings, type BrokerConfig } from '../../lib/broker/broker.options.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { readOptions } from '../../lib/runtime/options.js';

const read = (given: object): BrokerConfig => readOptions<BrokerConfig>('celery', given, brokerFields);
const settings = (given: object) =>
  brokerSettings(read(given), { clientName: 'web', clock: systemClock, log: silentLog });

afterEach(() => vi.unstubAllEnvs());

describe('broker options', () => {
  it('have defaults for everything', () => {
    vi.stubEnv('CELERY_BROKER_URL', undefined);

    expect(settings({})).toEqual({
      urls: ['memory://'],
      publishTimeoutMs: 30_000,
      connectTimeoutMs: 4_000,
      heartbeatSeconds: 20,
      transportOptions: {},
      tls: undefined,
      clientName: 'web',
      clock: systemClock,
      log: silentLog,
    });
    expect(read({}).brokerConnectionRetryOnStartup).toBe(true);
  });

  it('take the URL from code before the environment', () => {
    vi.stubEnv('CELERY_BROKER_URL', 'amqp://from-environment');

    expect(read({}).broker).toEqual(['amqp://from-environment']);
    expect(read({ broker: 'redis://from-code' }).broker).toEqual(['redis://from-code']);
  });

  it('name the variable when the URL in it is bad', () => {
    vi.stubEnv('CELERY_BROKER_URL', 'localhost');

    expect(() => read({})).toThrow(/^CELERY_BROKER_URL: "localhost" is not the URL/);
  });

  it('take several URLs as a list or as Celery writes them', () => {
    expect(read({ broker: ['amqp://a', 'amqps://b'] }).broker).toEqual(['amqp://a', 'amqps://b']);
    expect(read({ broker: 'sentinel://a:26379;sentinel://b:26379' }).broker).toEqual([
      'sentinel://a:26379',
      'sentinel://b:26379',
    ]);
  });

  it.each([
    [{ broker: 'ampq://localhost' }, /celery\.broker: .*Did you mean amqp:\/\/\?/],
    [{ broker: 'sqs://me:secret@aws' }, /celery\.broker: "sqs:\/\/me:\*+@aws" is not the URL/],
    [{ broker: [] }, /celery\.broker: expected a URL or a list of URLs, got a list of 0/],
    [{ broker: 7 }, /celery\.broker: expected a URL or a list of URLs, got 7/],
    [{ broker: ['amqp://a', ''] }, /celery\.broker: expected a URL, got ""/],
    [{ broker: ['amqp://a', 'redis://b'] }, /different kinds of broker \(amqp, redis\)/],
    [{ publishTimeout: 0 }, /celery\.publishTimeout: expected more than 0/],
    [{ brokerTransportOptions: [] }, /celery\.brokerTransportOptions: expected an object/],
  ])('refuse %j', (given, message) => {
    expect(() => read(given)).toThrow(InvalidOptionError);
    expect(() => read(given)).toThrow(message);
  });

  it('refuse TLS options for a connection without TLS', () => {
    expect(() => settings({ broker: 'redis://a', brokerUseSsl: { ca: 'x' } })).toThrow(/^brokerUseSsl: /);
    expect(settings({ broker: 'rediss://a', brokerUseSsl: { ca: 'x' } }).tls).toEqual({ ca: 'x' });
  });
});
