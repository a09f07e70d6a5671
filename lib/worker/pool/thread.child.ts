import { Worker } from 'node:worker_threads';
import type { ChildEntry, SpawnChild } from './child.js';
import { THREAD_MARK } from './parent.port.js';
import type { FromChild } from './protocol.js';

/** A thread of its own for each handler that runs: starts faster than a process and shares its memory limit and its fate. */
export function threads(entry: () => ChildEntry): SpawnChild {
  return ({ onMessage, onExit }) => {
    const { file, argv, mark } = entry();
    const thread = new Worker(file, { argv: [...argv], workerData: { [THREAD_MARK]: mark } });
    let cause: string | undefined;
    thread.on('message', (message: FromChild) => onMessage(message));
    thread.on('error', (error) => (cause = String(error)));
    thread.on('exit', (code) => onExit(cause ?? `exit code ${code}`));
    return {
      name: `thread ${thread.threadId}`,
      pid: undefined,
      send: (message) => thread.postMessage(message),
      kill: () => void thread.terminate(),
    };
  };
}
