import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { holdPidFile } from '../../lib/nest/pid-file.js';
import { exitCodeOf, stopModeOf } from '../../lib/nest/stop-on-signals.js';

describe('what a signal means', () => {
  it.each([
    ['SIGTERM', undefined, undefined, 'warm'],
    ['SIGINT', undefined, undefined, 'warm'],
    ['SIGQUIT', undefined, undefined, 'soft'],
    ['SIGTERM', undefined, 'SIGQUIT', 'soft'],
    ['SIGINT', undefined, 'SIGQUIT', 'warm'],
    ['SIGTERM', undefined, 'SIGUSR1', 'warm'],
    ['SIGINT', 'warm', undefined, 'soft'],
    ['SIGTERM', 'warm', undefined, 'soft'],
    ['SIGINT', 'soft', undefined, 'cold'],
    ['SIGQUIT', 'soft', undefined, 'cold'],
    ['SIGTERM', 'cold', undefined, 'cold'],
  ] as const)('%s while stopping %s, with REMAP_SIGTERM=%s: %s', (signal, before, remap, mode) => {
    expect(stopModeOf(signal, before, remap)).toBe(mode);
  });

  it('is a success only for a warm stop by SIGTERM', () => {
    expect(exitCodeOf('SIGTERM', 'warm')).toBe(0);
    expect(exitCodeOf('SIGINT', 'warm')).toBe(1);
    expect(exitCodeOf('SIGTERM', 'soft')).toBe(1);
    expect(exitCodeOf('SIGQUIT', 'soft')).toBe(1);
  });
});

describe('a pid file', () => {
  const aPath = (): string => join(mkdtempSync(join(tmpdir(), 'celery-pid-')), 'worker.pid');

  it('holds the id of this process', () => {
    const path = aPath();
    holdPidFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  });

  it('of another process that runs is refused, with its id', () => {
    const path = aPath();
    writeFileSync(path, `${process.ppid}\n`);
    expect(() => holdPidFile(path)).toThrow(`belongs to process ${process.ppid}`);
    expect(readFileSync(path, 'utf8')).toBe(`${process.ppid}\n`);
  });

  it('left behind by a process that is gone is taken over', () => {
    const path = aPath();
    writeFileSync(path, '2147483646\n');
    holdPidFile(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
  });

  it.each(['no number', ''])('that is something else is left alone: %j', (text) => {
    const path = aPath();
    writeFileSync(path, text);
    expect(() => holdPidFile(path)).toThrow('holds no process id');
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('that cannot be written is refused', () => {
    expect(() => holdPidFile('/nowhere/at/all.pid')).toThrow('pidFile: cannot be written');
  });
});
