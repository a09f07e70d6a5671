/** Whether a worker takes and runs tasks now, and if not, why. */
export interface WorkerHealth {
  readonly ready: boolean;
  /** One sentence for each reason. Empty when it is ready. */
  readonly problems: readonly string[];
}

/** Where a probe message went to and came back from. */
export interface ProbeReport {
  /** Since the last one came back; undefined: none has. */
  readonly agoMs: number | undefined;
  /** Longer ago than this is too long. */
  readonly limitMs: number;
}

export interface ReadinessFacts {
  readonly state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped';
  /** Without credentials. */
  readonly url: string;
  readonly connected: boolean;
  /** Queues that it should consume and does not. */
  readonly missing: readonly string[];
  readonly pools: readonly { readonly name: string; readonly ready: number }[];
  /** Undefined: nobody asked for probes. */
  readonly probe: ProbeReport | undefined;
}

/** A paused queue and a full pool are no problem: that worker does as it is told, or has enough to do. */
export function healthOf(facts: ReadinessFacts): WorkerHealth {
  const problems = problemsOf(facts);
  return Object.freeze({ ready: problems.length === 0, problems: Object.freeze(problems) });
}

function problemsOf({ state, url, connected, missing, pools, probe }: ReadinessFacts): string[] {
  const problems: string[] = [];
  if (state !== 'running') problems.push(STATES[state]);
  if (!connected) problems.push(`it is not connected to ${url}`);
  // Of what it has not begun, or has ended, there is nothing more to say.
  if (state !== 'running') return problems;
  if (connected) problems.push(...missing.map((queue) => `queue ${JSON.stringify(queue)} is not consumed`));
  for (const { name, ready } of pools) if (ready === 0) problems.push(`no child of pool ${name} is ready`);
  if (probe?.agoMs === undefined) {
    if (probe !== undefined) problems.push('no probe message has come back yet');
  } else if (probe.agoMs > probe.limitMs) {
    problems.push(`the last probe message came back ${Math.round(probe.agoMs / 1000)} s ago`);
  }
  return problems;
}

const STATES = Object.freeze({
  new: 'it has not been started',
  starting: 'it is starting',
  stopping: 'it is stopping',
  stopped: 'it has stopped',
});
