import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { InvalidOptionError } from '../errors.js';
import { messageOf } from '../runtime/message-of.js';

/**
 * Writes this process's id to a file that must not belong to another living process, and removes it when the process ends.
 * @throws InvalidOptionError when another worker has it, or it cannot be written
 */
export function holdPidFile(path: string): void {
  const other = pidIn(path);
  if (other !== undefined && other !== process.pid && isAlive(other)) {
    throw new InvalidOptionError(
      'pidFile',
      `${path} belongs to process ${other}, which runs. Stop it, or name another file.`,
    );
  }
  if (other !== undefined) rmSync(path, { force: true });
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    const exists = error instanceof Error && Reflect.get(error, 'code') === 'EEXIST';
    if (exists) {
      throw new InvalidOptionError(
        'pidFile',
        `${path} is there and holds no process id. Remove it, or name another.`,
      );
    }
    const why = messageOf(error);
    throw new InvalidOptionError('pidFile', `cannot be written: ${why}`);
  }
  process.once('exit', () => {
    if (pidIn(path) === process.pid) rmSync(path, { force: true });
  });
}

/** Undefined: no file, or none that holds a process id. */
function pidIn(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It runs as somebody else.
    return error instanceof Error && Reflect.get(error, 'code') === 'EPERM';
  }
}
