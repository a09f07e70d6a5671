import { describe, expect, it } from 'vitest';
import { problemOf } from '../../lib/cli/commands/health.command.js';
import { checkNode } from '../../lib/cli/doctor/check-node.js';
import { checkSettings } from '../../lib/cli/doctor/check-settings.js';
import {
  checkClocks,
  checkQueues,
  checkTasks,
  checkVersions,
  checkWorkers,
  type WorkersSeen,
} from '../../lib/cli/doctor/check-workers.js';
import { readCeleryOptions } from '../../lib/nest/celery.options.js';

const reply = <R>(hostname: string, value: R) => ({ hostname, value, error: undefined });
const queue = (name: string) => ({ name, exchange: { name, type: 'direct' }, routing_key: name });
const beating = (hostname: string, driftMs = 0) => ({
  hostname,
  pid: 1,
  heartbeatMs: 2_000,
  online: true,
  active: 0,
  processed: 0,
  loadavg: undefined,
  software: undefined,
  system: undefined,
  clock: 1,
  heardMs: 0,
  driftMs,
});
const seen = (given: Partial<WorkersSeen> = {}): WorkersSeen => ({
  queues: [reply('w1@a', [queue('mail')])],
  registered: [reply('w1@a', ['mail.send [rate_limit=1/s]'])],
  reports: [reply('w1@a', '\nsoftware -> nestjs-celery:0.1.0 node:20')],
  beating: [beating('w1@a')],
  ...given,
});
const states = (findings: readonly { readonly state: string; readonly found: string }[]) =>
  findings.map(({ state, found }) => `${state}: ${found}`);

describe('the doctor', () => {
  it('is content with what is well', () => {
    const all = [
      ...checkWorkers(seen()),
      ...checkClocks(seen()),
      ...checkVersions(seen()),
      ...checkTasks(seen(), ['mail.send']),
      ...checkQueues([{ name: 'mail', ready: 3, quarantined: 0 }], seen()),
      ...checkSettings(readCeleryOptions({ broker: 'redis://localhost', backend: 'redis://localhost' })),
      checkNode('22.1.0'),
    ];
    expect(all.filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  it('finds workers that are missing, of one name, or deaf', () => {
    expect(states(checkWorkers(seen({ queues: [], beating: [] })))).toEqual(['warn: none answers']);
    const twice = seen({ queues: [reply('w1@a', []), reply('w1@a', [])] });
    expect(states(checkWorkers(twice))).toContain('fail: two of the name w1@a');
    const deaf = seen({ beating: [beating('w1@a'), beating('w2@a')] });
    expect(states(checkWorkers(deaf))[1]).toMatch(/^warn: w2@a sends heartbeats and answers no command/);
  });

  it('finds clocks that differ, and versions', () => {
    expect(states(checkClocks(seen({ beating: [beating('w1@a', -7_200_000)] })))).toEqual([
      'warn: w1@a is 7200.0 s behind',
    ]);
    const old = seen({ reports: [reply('w1@a', 'software -> nestjs-celery:0.0.9 node:20')] });
    expect(checkVersions(old)[0]).toMatchObject({ state: 'warn', wayOut: 'Deploy one version everywhere.' });
  });

  it('finds tasks that no worker has, and queues that no worker consumes', () => {
    expect(states(checkTasks(seen(), ['mail.sendd']))).toEqual([
      'warn: no worker has mail.sendd (but mail.send)',
    ]);
    const lonely = checkQueues([{ name: 'slow', ready: 2, quarantined: 1 }], seen());
    expect(states(lonely)).toEqual([
      'warn: 2 messages wait in slow, and no worker consumes it',
      'warn: 1 message of slow could not be run',
    ]);
    expect(lonely[0]?.wayOut).toBe('nest-celery worker -Q slow');
  });

  it('finds settings that are seldom meant, and an old Node', () => {
    const found = (options: Parameters<typeof readCeleryOptions>[0]) =>
      checkSettings(readCeleryOptions(options)).map(({ what }) => what);
    expect(found({ broker: 'memory://' })).toContain('broker');
    expect(found({ broker: 'redis://localhost', backend: 'memory://' })).toContain('result backend');
    expect(found({ broker: 'redis://localhost', taskAlwaysEager: true })).toContain('taskAlwaysEager');
    expect([checkNode('18.20.0').state, checkNode('20.18.1').state, checkNode('20.19.0').state]).toEqual([
      'fail',
      'fail',
      'ok',
    ]);
  });
});

describe('health', () => {
  const record = {
    pid: 1,
    hostname: 'w1@a',
    writtenMs: 100_000,
    state: 'running',
    connected: true,
    problems: [],
    running: 0,
    processed: 0,
  };

  it('is a file that was written lately', () => {
    expect(problemOf(record, 129_000, 30_000, false)).toBeUndefined();
    expect(problemOf(record, 131_000, 30_000, false)).toMatch(/has not written for 31 s/);
  });

  it('asks whether it is ready only where it is to be', () => {
    const away = { ...record, connected: false, problems: ['it is stopping', 'it is not connected to a'] };
    expect(problemOf(away, 100_000, 30_000, false)).toBeUndefined();
    expect(problemOf(away, 100_000, 30_000, true)).toBe(
      'w1@a is not ready: it is stopping; it is not connected to a',
    );
  });
});
