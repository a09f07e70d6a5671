/**
 * How a worker stops. `warm`: running tasks may come to their end, within `shutdownGrace`. `soft`: within
 * `softShutdownTimeout`. `cold`: their signals are aborted now. In each, what has not begun goes back to its queue at once.
 */
export type StopMode = 'warm' | 'soft' | 'cold';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
export type StopSignal = (typeof SIGNALS)[number];

/**
 * Celery's meaning of signals: SIGTERM and SIGINT stop warmly, SIGQUIT softly; each further signal is one step harder.
 * @param before how it is stopping already
 * @param remap Celery's `REMAP_SIGTERM`: with `SIGQUIT`, SIGTERM means what SIGQUIT does
 */
export function stopModeOf(
  signal: StopSignal,
  before: StopMode | undefined,
  remap: string | undefined,
): StopMode {
  const meant = signal === 'SIGTERM' && remap === 'SIGQUIT' ? 'SIGQUIT' : signal;
  if (before === undefined) return meant === 'SIGQUIT' ? 'soft' : 'warm';
  return before === 'warm' ? 'soft' : 'cold';
}

/** Celery's exit codes: only a warm stop that was asked for by SIGTERM is a success. */
export function exitCodeOf(signal: StopSignal, mode: StopMode): number {
  return signal === 'SIGTERM' && mode === 'warm' ? 0 : 1;
}

/**
 * Calls `stop` on every stopping signal. Listeners of others are left alone. Without any, a signal would end the process at
 * once.
 */
export function stopOnSignals(
  stop: (mode: StopMode, exitCode: number) => void,
  remap: string | undefined = process.env['REMAP_SIGTERM'],
): { forget(): void } {
  let mode: StopMode | undefined;
  const onSignal = (signal: StopSignal): void => {
    mode = stopModeOf(signal, mode, remap);
    stop(mode, exitCodeOf(signal, mode));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    forget() {
      for (const signal of SIGNALS) process.removeListener(signal, onSignal);
    },
  };
}
