/** Time and timers, injected so that a test can hold them. */
export interface Clock {
  /** Wall clock, ms since the epoch. */
  now(): number;
  /** Never goes back, ms; only differences mean something. */
  monotonicMs(): number;
  /** Runs `fire` once after `delayMs` (any length, 0 for "soon"). Does not keep the process alive. */
  after(delayMs: number, fire: () => void): Timer;
}

export interface Timer {
  /** Safe to call twice, and after it fired. */
  cancel(): void;
}

/** Node fires a longer `setTimeout` at once, so longer waits are taken in pieces of this length. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    let handle: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      const pieceMs = Math.min(restMs, LONGEST_TIMEOUT_MS);
      handle = setTimeout(() => (restMs > pieceMs ? arm(restMs - pieceMs) : fire()), pieceMs);
      handle.unref();
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delayMs`, or at once when the signal aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
