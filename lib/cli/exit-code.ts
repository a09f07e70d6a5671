import {
  BackendUnavailableError,
  BrokerRefusedError,
  BrokerUnavailableError,
  InvalidCallError,
  InvalidCanvasError,
  InvalidOptionError,
  MissingPackageError,
  NoResultBackendError,
  NotRegistered,
  ScheduleStoreError,
} from '../errors.js';

/** What a command ends with. Celery's where it has one: 69 is `EX_UNAVAILABLE`. */
export const EXIT = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  unavailable: 69,
  interrupted: 130,
});

/** For the help. */
export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'failed: a task failed, a worker answered with an error, a check failed, or you said no'],
  [EXIT.usage, 'not understood: an unknown command, flag, value, module or task'],
  [EXIT.partial, 'done in part: some of the named workers did not answer'],
  [EXIT.unavailable, 'nobody there: the broker or result backend cannot be reached, or no worker answered'],
  [EXIT.interrupted, 'interrupted by Ctrl-C'],
];

const USAGE = [
  InvalidOptionError,
  InvalidCallError,
  InvalidCanvasError,
  MissingPackageError,
  NoResultBackendError,
  NotRegistered,
];
const UNAVAILABLE = [BrokerUnavailableError, BackendUnavailableError, ScheduleStoreError, BrokerRefusedError];

export function exitCodeOf(error: unknown): number {
  if (USAGE.some((each) => error instanceof each)) return EXIT.usage;
  return UNAVAILABLE.some((each) => error instanceof each) ? EXIT.unavailable : EXIT.failed;
}
