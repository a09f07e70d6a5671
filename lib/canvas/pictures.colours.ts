interface Colours {
  readonly fill: string;
  readonly line: string;
}

/** Celery's states. Others are written and not coloured. */
export const COLOURS: ReadonlyMap<string, Colours> = new Map([
  ['PENDING', { fill: '#eeeeee', line: '#757575' }],
  ['RECEIVED', { fill: '#e3f2fd', line: '#1565c0' }],
  ['STARTED', { fill: '#bbdefb', line: '#0d47a1' }],
  ['RETRY', { fill: '#fff3e0', line: '#e65100' }],
  ['SUCCESS', { fill: '#e8f5e9', line: '#2e7d32' }],
  ['FAILURE', { fill: '#ffebee', line: '#c62828' }],
  ['REVOKED', { fill: '#f3e5f5', line: '#6a1b9a' }],
  ['IGNORED', { fill: '#fafafa', line: '#9e9e9e' }],
]);
