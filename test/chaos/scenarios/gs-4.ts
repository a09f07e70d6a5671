import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { check } from '../checker.js';
import { judged } from '../judge.js';
import { CYCLES_VARIABLE, type Cycled, type Cycles } from '../order.js';
import { sized, type Scenario } from '../scenario.js';

const WAIT_MS = 600_000;

/** An application with a worker is opened and closed many times in one process, which then ends by itself. */
export const gs4: Scenario = {
  id: 'GS-4',
  title: 'applications opened and closed',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['cycles'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, script } = stage;
    const begunMs = performance.now();
    const cycles = sized(tier, 200, 5);
    const order: Cycles = { app: place.app, cycles };
    const env = { ...process.env, NO_COLOR: '1', [CYCLES_VARIABLE]: JSON.stringify(order) };
    const { output, error } = await ran(join(dirname(script), 'cycles.js'), env);
    const broken: string[] = [];
    if (error !== undefined) broken.push(`its process did not end well: ${error}`);
    const line = output.split('\n').find((each) => each.startsWith('{'));
    const { first, last } = (line === undefined ? { first: [], last: [] } : JSON.parse(line)) as Cycled;
    if (line === undefined) broken.push(`it did not come to its end: ${output.slice(0, 500)}`);
    if (first.join() !== last.join()) broken.push(`it holds ${last.join()}, and ${first.join()} before`);
    const sockets = last.filter((name) => name.startsWith('TCP')).length;
    if (sockets > 0) broken.push(`${sockets} connections are open`);
    return judged({
      stage,
      test: 'GS-4',
      variant,
      verdict: check([]),
      faults: cycles,
      slowestMs: 0,
      begunMs,
      broken,
    });
  },
};

function ran(
  script: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly output: string; readonly error?: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { env, timeout: WAIT_MS }, (error, output, errors) => {
      resolve({ output: output + errors, ...(error !== null && { error: error.message }) });
    });
  });
}
