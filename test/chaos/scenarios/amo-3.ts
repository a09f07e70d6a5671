import { join } from 'node:path';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Keeper } from '../keeper.js';
import { workedOff } from '../leftover.js';
import { withLeases } from '../place.js';
import { openSender } from '../publishing.js';
import { sized, type Scenario } from '../scenario.js';

const WAIT_MS = 60_000;

/** Each task ends its worker before anything else can happen: its early acknowledgement has left the process by then. */
export const amo3: Scenario = {
  id: 'AMO-3',
  title: 'workers killed as an early task starts',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['killed as they start'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const app = withLeases(place, '1s');
    await using fleet = new Fleet(script, { app, worker: { concurrency: 4 }, ledger });
    await using load = await openSender(stage, ledger, app);
    const keeper = new Keeper(fleet, 1);
    const faults = sized(tier, 100, 3);
    const broken: string[] = [];
    let slowestMs = 0;
    for (let fault = 0; fault < faults && broken.length === 0; fault += 1) {
      const id = load.newId('early');
      const sentMs = Date.now();
      await load.submit([id], (client) =>
        client.applyAsync('hard.once', { taskId: id, args: ['kill', folder] }),
      );
      const tookMs = await load.next('started', sentMs, WAIT_MS, id);
      if (tookMs === undefined) broken.push(`a task did not start within ${WAIT_MS} ms`);
      else slowestMs = Math.max(slowestMs, tookMs);
    }
    await keeper.stop();
    const left = await workedOff(fleet, load, place);
    if (left > 0) broken.push(`${left} messages were left behind`);
    load.reader.more();
    const verdict = check(load.reader.entries);
    broken.push(...promises(verdict, ['lost', 'restarted', 'duplicated', 'unexpected', 'pending']));
    return judged({ stage, test: 'AMO-3', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};
