import type { TaskClient } from '../../../lib/index.js';
import { SITES } from './sites.js';

const WAIT = { timeout: '60s' } as const;

export interface Struck {
  readonly strikes: number;
  readonly broken: readonly string[];
}

/** One task at each site, so many times, each beside an innocent one. What did not end as it should is told. */
export async function strikeAll(client: TaskClient, rounds: number): Promise<Struck> {
  const broken: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, ends } of SITES) {
      const [task, good] = await Promise.all([
        client.applyAsync('hostile.strikes', { args: [name] }),
        client.applyAsync('hostile.runs', { args: [30] }),
      ]);
      await task.get(WAIT).catch(() => undefined);
      const state = await task.state();
      if (state !== ends) broken.push(`${name}: ${state}`);
      const beside = await good.get(WAIT).catch((error: unknown) => String(error));
      if (beside !== 'once') broken.push(`beside ${name}: ${String(beside)}`);
    }
  }
  return { strikes: rounds * SITES.length, broken };
}
