/**
 * A provider that opens something once in each process or thread that runs tasks: in each child of `threads` and `prefork`
 * pools, and in the worker itself with `async` and `solo` (signal `worker_process_init`). Runs after every
 * `onApplicationBootstrap`, before the first task. What it throws keeps the process from working.
 */
export interface WorkerProcInit {
  workerProcInit(): unknown;
}

/** Its end (signal `worker_process_shutdown`): after the last task, before the application closes. Not after a kill. */
export interface WorkerProcShutdown {
  workerProcShutdown(): unknown;
}
