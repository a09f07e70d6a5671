/** Anything that lives as long as the process part it belongs to. Both calls are safe to repeat. */
export interface Service {
  readonly name: string;
  /** Returns when running. Throws, having cleaned up, when it cannot. */
  start(): Promise<void>;
  /** Returns when nothing of it is left: no timer, no socket, no task. */
  stop(): Promise<void>;
}

/** Starts in order. If one fails, stops those already started, last first, and rethrows. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      await service.start();
      started.push(service);
    }
  } catch (error) {
    await stopAll(started).catch(() => undefined);
    throw error;
  }
}

/** Stops in reverse order, every one of them, then throws what went wrong on the way. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const failures: unknown[] = [];
  for (const service of services.toReversed()) {
    try {
      await service.stop();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, 'Several services did not stop');
}
