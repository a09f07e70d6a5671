/** The steps of a task's life at which a fault test may strike. */
export type FailpointName =
  | 'claimed'
  | 'decoded'
  | 'ackedEarly'
  | 'started'
  | 'finishedRun'
  | 'resultStored'
  | 'linksSent'
  | 'chordCounted'
  | 'chordJoined'
  | 'chordEnded'
  | 'ackedLate'
  | 'retryPublished'
  | 'requeued'
  | 'deferred'
  | 'quarantined';

export type Failpoint = (name: FailpointName) => void | Promise<void>;

let strike: Failpoint | undefined;

/** Marks a step. Costs one comparison unless a fault test is armed; returns a promise only then. */
export function failpoint(name: FailpointName): void | Promise<void> {
  if (strike !== undefined) return strike(name);
}

/** For fault tests only. `undefined` disarms. */
export function armFailpoints(next: Failpoint | undefined): void {
  strike = next;
}
