import { fork } from 'node:child_process';
import type { ChildEntry, SpawnChild } from './child.js';
import { MARK_VARIABLE } from './parent.port.js';
import type { FromChild } from './protocol.js';

/** Celery's prefork: a process of its own for each handler that runs. It writes to the worker's own stdout and stderr. */
export function processes(entry: () => ChildEntry): SpawnChild {
  return ({ onMessage, onExit }) => {
    const { file, argv, execArgv, mark } = entry();
    const child = fork(file, argv, {
      execArgv: [...execArgv],
      env: { ...process.env, [MARK_VARIABLE]: JSON.stringify(mark) },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let gone = false;
    const exited = (how: string): void => {
      if (gone) return;
      gone = true;
      onExit(how);
    };
    child.on('message', (message) => {
      if (!gone) onMessage(message as unknown as FromChild);
    });
    // What could not be started, or written to; of one that runs, `exit` tells.
    child.on('error', (error) => {
      if (child.pid === undefined) exited(`it could not be started: ${error.message}`);
    });
    child.on('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // What it wrote before it went may still be in the pipe.
      if (child.connected) child.once('disconnect', () => exited(how));
      else exited(how);
    });
    return {
      name: `process ${child.pid ?? '?'}`,
      pid: child.pid,
      send(message) {
        if (child.connected) child.send(message, () => undefined);
      },
      kill: () => void child.kill('SIGKILL'),
    };
  };
}
