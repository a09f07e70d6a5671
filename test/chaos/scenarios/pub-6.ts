import { join } from 'node:path';
import { PublishError } from '../../../lib/index.js';
import type { CeleryOptions } from '../../../lib/index.js';
import { openSender } from '../publishing.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

const AT_ONCE = 10_000;

/** A program ends right after publishes that nobody awaits: `close` waits for each of them. */
export const pub6: Scenario = {
  id: 'PUB-6',
  title: 'close right after publishing',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['close'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant): Promise<Row> {
    const { tier, place, folder } = stage;
    const begunMs = performance.now();
    const rounds = sized(tier, 100, 1);
    await using watching = await openSender(stage, join(folder, 'ledger'));
    const broken: string[] = [];
    let [confirmed, recovered, slowestMs] = [0, 0, 0];
    for (let round = 0; round < rounds; round += 1) {
      const { resolved, uncertain, refused, tookMs } = await publishAndClose(stage, place.app);
      confirmed += resolved;
      slowestMs = Math.max(slowestMs, tookMs);
      const settled = resolved + uncertain + refused;
      if (settled !== AT_ONCE) broken.push(`${AT_ONCE - settled} had not settled when close resolved`);
      const there = await watching.app.broker.size(place.queue);
      recovered += Math.max(0, there - resolved);
      if (there < resolved || there > resolved + uncertain)
        broken.push(`${there} in the queue, ${resolved} were confirmed and ${uncertain} uncertain`);
      await watching.app.broker.purge(place.queue);
    }
    const none = { executed: 0, lost: 0, duplicated: 0, restarted: 0, unexpected: 0, stuck: 0 };
    console.log(`    ${confirmed} of ${rounds * AT_ONCE} confirmed`);
    return {
      ...none,
      test: 'PUB-6',
      variant,
      place: place.name,
      size: rounds * AT_ONCE,
      faults: rounds,
      recovered,
      slowestMs: Math.round(slowestMs),
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken,
    };
  },
};

/** What had become of the publishes when `close` resolved. */
async function publishAndClose(stage: Stage, options: CeleryOptions) {
  const { app } = await openSender(stage, join(stage.folder, 'closed'), options);
  const counts = { resolved: 0, uncertain: 0, refused: 0 };
  for (let sent = 0; sent < AT_ONCE; sent += 1) {
    app.client.applyAsync('chaos.late', { args: [0] }).then(
      () => (counts.resolved += 1),
      (error: unknown) => {
        if (error instanceof PublishError && error.mayHaveBeenDelivered) counts.uncertain += 1;
        else counts.refused += 1;
      },
    );
  }
  const sinceMs = performance.now();
  await app.close();
  return { ...counts, tookMs: performance.now() - sinceMs };
}
