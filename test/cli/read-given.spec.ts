import { describe, expect, it } from 'vitest';
import { callUsage } from '../../lib/cli/commands/call.usage.js';
import { queuesUsage } from '../../lib/cli/commands/queues.usage.js';
import { workerUsage } from '../../lib/cli/commands/worker.usage.js';
import { workerOptions } from '../../lib/cli/commands/worker.command.js';
import { GLOBAL_FLAGS } from '../../lib/cli/global.flags.js';
import { readFlags, readGiven, type Environment } from '../../lib/cli/read-given.js';

const call = (flags: Record<string, string>, env: Environment = {}) =>
  readGiven('call', callUsage, { flags: new Map(Object.entries(flags)), words: ['math.add'] }, env);
const worker = (flags: Record<string, string>, env: Environment = {}) =>
  readGiven('worker', workerUsage, { flags: new Map(Object.entries(flags)), words: [] }, env).flags;

describe('values of flags', () => {
  it('are read to what the command works with', () => {
    expect(call({ args: '[1, "a"]', kwargs: '{"b": 2}', countdown: '1.5', timeout: '2m', wait: '' })).toEqual(
      {
        args: { task: 'math.add' },
        flags: expect.objectContaining({
          args: [1, 'a'],
          kwargs: { b: 2 },
          countdown: 1_500,
          timeout: 120_000,
          wait: true,
          strict: false,
          queue: undefined,
        }),
      },
    );
    expect(worker({ queues: ' mail, slow ,', concurrency: '4', pool: 'PREFORK' })).toMatchObject({
      queues: ['mail', 'slow'],
      concurrency: 4,
      pool: 'prefork',
    });
  });

  it('stand for something where a flag may come without one', () => {
    const read = (watch: string) =>
      readGiven('queues', queuesUsage, { flags: new Map([['watch', watch]]), words: [] }, {}).flags.watch;
    expect([read(''), read('500ms')]).toEqual([2_000, 500]);
  });

  it.each([
    [() => call({ args: '[1,' }), /^--args: "\[1," is not JSON .*Write for example/],
    [() => call({ args: '{}' }), /^--args: expected a JSON list/],
    [() => call({ kwargs: '[]' }), /^--kwargs: expected a JSON object/],
    [() => call({ countdown: 'soon' }), /^--countdown: "soon" is not a duration/],
    [() => call({ countdown: '-1' }), /^--countdown: expected a duration of 0 or more/],
    [() => call({ queue: '' }), /^--queue: needs a value/],
    [() => worker({ concurrency: '0' }), /^--concurrency: expected an integer, 1 or more, got "0"/],
    [() => worker({ pool: 'gevent' }), /^--pool: expected one of async, threads, prefork.*"gevent"/],
    [() => worker({ queues: ',' }), /^--queues: expected names with commas/],
    [() => worker({ detach: '' }), /^--detach: is not supported: let systemd/],
  ])('that cannot be are refused with flag, value and way out (%#)', (read, said) => {
    expect(read).toThrow(said);
  });
});

describe('twins in the environment', () => {
  it('count where the flag is not given: ours before Celery’s', () => {
    const env = { NEST_CELERY_CALL_COUNTDOWN: '1', CELERY_CALL_COUNTDOWN: '2', CELERY_CALL_QUEUE: 'mail' };
    expect(call({}, env).flags).toMatchObject({ countdown: 1_000, queue: 'mail' });
    expect(call({ countdown: '7' }, env).flags.countdown).toBe(7_000);
  });

  it('are named in what is wrong with them', () => {
    expect(() => worker({}, { CELERY_WORKER_CONCURRENCY: 'many' })).toThrow(
      /^CELERY_WORKER_CONCURRENCY: expected an integer/,
    );
  });

  it('turn things on and off', () => {
    const read = (word: string) => call({}, { NEST_CELERY_CALL_WAIT: word }).flags.wait;
    expect(['1', 'true', 'yes', '0', 'off', ''].map(read)).toEqual([true, true, true, false, false, false]);
    expect(() => read('perhaps')).toThrow(/expected true or false, got "perhaps"/);
  });

  it('are Celery’s for broker, backend and application', () => {
    const env = {
      CELERY_BROKER_URL: 'redis://a',
      CELERY_RESULT_BACKEND: 'redis://b',
      CELERY_APP: 'dist/a.js',
    };
    expect(readFlags(GLOBAL_FLAGS, new Map(), env, '')).toMatchObject({
      broker: 'redis://a',
      resultBackend: 'redis://b',
      app: 'dist/a.js',
    });
  });
});

describe('the options of a worker', () => {
  it('are those that were given, and no others', () => {
    expect(workerOptions(worker({}))).toEqual({});
    expect(
      workerOptions(
        worker({ pool: 'processes', autoscale: '8,2', timeLimit: '60', events: '', withoutHeartbeat: '' }),
      ),
    ).toEqual({
      pool: 'prefork',
      autoscale: { max: 8, min: 2 },
      timeLimit: '60000ms',
      sendEvents: true,
      heartbeatInterval: 0,
    });
    expect(
      workerOptions(
        worker({
          disablePrefetch: '',
          maxTasks: '100',
          softGrace: '30s',
          healthPort: '8080',
          healthFile: '/a',
          statedb: '/s',
        }),
      ),
    ).toEqual({
      disablePrefetch: true,
      maxTasks: 100,
      softShutdownTimeout: '30000ms',
      health: { port: 8080, file: '/a' },
      stateDb: '/s',
    });
    expect(workerOptions(worker({ autoscale: '5' }))).toEqual({ autoscale: { max: 5, min: 1 } });
  });

  it('refuse an address for probes without a port', () => {
    expect(() => workerOptions(worker({ healthHost: '0.0.0.0' }))).toThrow(
      /^--health-host: needs --health-port/,
    );
  });

  it.each(['2,8', 'x', '3,2,1', '0'])('refuse --autoscale %s', (written) => {
    expect(() => workerOptions(worker({ autoscale: written }))).toThrow(/^--autoscale: expected the most/);
  });
});
