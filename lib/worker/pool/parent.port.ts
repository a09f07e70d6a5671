import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { ChildMark } from './child.js';
import { dieWithParent } from './orphan.watch.js';
import type { FromChild, ToChild } from './protocol.js';

/** Environment variable by which a process knows that it is a child of a pool. */
export const MARK_VARIABLE = 'NESTJS_CELERY_POOL_CHILD';
/** The same for a thread, in its `workerData`. */
export const THREAD_MARK = 'nestjsCeleryPoolChild';

/** A child's way to its parent. */
export interface ParentPort {
  readonly mark: ChildMark;
  /** @throws DataCloneError for what is no plain data */
  send(message: FromChild): void;
  listen(onMessage: (message: ToChild) => void): void;
  /** Bytes: of the process, or of this thread's heap, since the process is shared. */
  memoryBytes(): number;
  /** Ends this process or thread once what was sent is on its way. */
  leave(code: number): Promise<never>;
}

/** Undefined in a process or thread that is no child of a pool. */
export function openParentPort(): ParentPort | undefined {
  opened ??= isMainThread ? processPort() : threadPort();
  return opened;
}

let opened: ParentPort | undefined;

function processPort(): ParentPort | undefined {
  const marked = process.env[MARK_VARIABLE];
  if (marked === undefined || process.send === undefined) return undefined;
  // A process that this one starts is no child of the pool.
  delete process.env[MARK_VARIABLE];
  // Ctrl-C reaches the whole group of processes: the parent alone decides what becomes of its children.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  dieWithParent();
  // Without its parent the worker is dead, and what runs here is another worker's by now.
  let exitCode = 1;
  process.once('disconnect', () => process.exit(exitCode));
  return {
    mark: JSON.parse(marked) as ChildMark,
    send: (message) => void process.send?.(message),
    listen: (onMessage) => void process.on('message', (message) => onMessage(message as ToChild)),
    memoryBytes: () => process.memoryUsage.rss(),
    leave: (code) =>
      new Promise(() => {
        exitCode = code;
        // Its callback comes after everything sent before has been written.
        process.send?.({ kind: 'bye' } satisfies FromChild, () => process.disconnect());
      }),
  };
}

function threadPort(): ParentPort | undefined {
  const mark: unknown =
    typeof workerData === 'object' && workerData !== null ? Reflect.get(workerData, THREAD_MARK) : undefined;
  const port = parentPort;
  if (mark === undefined || port === null) return undefined;
  return {
    mark: mark as ChildMark,
    send: (message) => port.postMessage(message),
    listen: (onMessage) => void port.on('message', onMessage),
    memoryBytes() {
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    },
    leave: (code) => new Promise(() => process.exit(code)),
  };
}
