import { group } from '../../../lib/index.js';
import { check } from '../checker.js';
import { judged } from '../judge.js';
import { sized, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const MIB = 2 ** 20;
const MOST_RSS = 100 * MIB;
const LOOK_MS = 50;

/** A group whose members come from a generator is sent as they come, and never held as a whole. */
export const mem1Group: Scenario = {
  id: 'MEM-1',
  title: 'a group of a million from a generator',
  places: ['RabbitMQ', 'Redis'],
  variants: ['group of a generator'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const { place, tier } = stage;
    const app = await openSilently({ ...place.app, taskIgnoreResult: true });
    const members = sized(tier, 1_000_000, 5_000);
    const warmUp = Math.round(members / 10);
    let [before, most, made] = [0, 0, 0];
    const look = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), LOOK_MS);
    const parts = function* () {
      for (; made < members; made += 1) {
        if (made === warmUp) before = process.memoryUsage.rss();
        yield app.client.signature('hard.nothing', { args: [made] });
      }
    };
    const broken: string[] = [];
    try {
      const sent = await app.client.applyAsync(group(parts()));
      if (sent.length !== members) broken.push(`${sent.length} results of ${members} members`);
      const waiting = await app.broker.size(place.queue);
      if (waiting !== members) broken.push(`${waiting} messages of ${members} members`);
      await app.broker.purge(place.queue);
    } finally {
      clearInterval(look);
      await app.close(0);
    }
    console.log(`    RSS grew by ${((most - before) / MIB).toFixed(0)} MiB`);
    if (most - before > MOST_RSS) broken.push(`RSS grew by ${Math.round((most - before) / MIB)} MiB`);
    const verdict = { ...check([]), attempted: members };
    return judged({ stage, test: 'MEM-1', variant, verdict, faults: 0, slowestMs: 0, begunMs, broken });
  },
};
