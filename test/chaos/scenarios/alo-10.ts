import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { plainQueue } from '../../../lib/broker/topology.js';
import { eventually } from '../../support/eventually.js';
import { startFaultProxy } from '../fault-proxy.js';
import { Fleet } from '../fleet.js';
import { RedisQueue, takeAndDie, unflagged } from '../held-by-the-dead.js';
import { throughPort, withLeases, type Place } from '../place.js';
import { burstsOf, openSender } from '../publishing.js';
import { sized, type Row, type Scenario, type Stage } from '../scenario.js';

const SWEEPERS = 8;
/** So that the dead are soon known to be. */
const LEASE = '1s';
const WAIT_MS = 120_000;
const NONE = { executed: 0, lost: 0, duplicated: 0, restarted: 0, recovered: 0, unexpected: 0, stuck: 0 };

/**
 * What a dead consumer held is given back by workers that are themselves killed over it, while a live one gives back what
 * it holds. Each message is in the queue once, round after round, and nothing but the marks of its return has changed.
 */
export const alo10: Scenario = {
  id: 'ALO-10',
  title: 'restoring messages of the dead, by those who die too',
  places: ['Redis'],
  variants: ['kill -9'],
  tiers: ['ci', 'full'],
  async run(stage, variant): Promise<Row> {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const [messages, rounds] = [sized(tier, 20_000, 200), tier === 'full' ? 10 : 2];
    const app = withLeases(place, LEASE);
    await using fleet = new Fleet(script, { app, worker: elsewhere(place), ledger: join(folder, 'ledger') });
    using queue = new RedisQueue(place);
    const originals = await filled(stage, queue, messages);
    const broken: string[] = [];
    let [kills, slowestMs] = [0, 0];
    for (let round = 0; round < rounds && broken.length === 0; round += 1) {
      await using proxy = await startFaultProxy(place.port, random.branch(`wire ${round}`));
      await takeAndDie(place, throughPort(place, app, proxy.port), () =>
        proxy.swallow('toServer', 'toClient'),
      );
      const deadMs = performance.now();
      while (fleet.serving.length < SWEEPERS) await Promise.all([fleet.start(), fleet.start()]);
      await using live = await openSender(stage, join(folder, 'live'), app);
      const requeuing = live.app.broker.consume([plainQueue(place.queue)], {
        prefetch: 50,
        // A part of what comes back is taken and given back again.
        onDelivery: (delivery) => void pause(random.between(0, 20)).then(() => delivery.requeue()),
      });
      while ((await queue.held()) > 100 && performance.now() - deadMs < WAIT_MS) {
        await pause(random.between(20, 200));
        const victim = random.pick(fleet.serving);
        victim.signal('SIGKILL');
        kills += 1;
        void fleet.start().catch(() => undefined);
      }
      await (await requeuing).cancel();
      await live.app.close(0);
      await eventually(async () => (await queue.held()) === 0, { withinMs: WAIT_MS, what: 'nothing held' });
      slowestMs = Math.max(slowestMs, performance.now() - deadMs);
      broken.push(...differences(originals, (await queue.waiting()).map(unflagged)));
    }
    return {
      ...NONE,
      test: 'ALO-10',
      variant,
      place: place.name,
      size: messages * rounds,
      faults: kills,
      slowestMs: Math.round(slowestMs),
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken,
    };
  },
};

const MOST_RESTORING_MS = 60_000;
/** As Redis itself counts it: what a client waits for is the machine's affair too. */
const HELD_UP_MS = 20;

/** Everything that many dead held is back in its queue soon, and Redis answers others meanwhile. */
export const alo11: Scenario = {
  id: 'ALO-11',
  title: 'restoring very many messages of the dead',
  places: ['Redis'],
  variants: ['at once'],
  tiers: ['ci', 'full'],
  async run(stage, variant): Promise<Row> {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const messages = sized(tier, 50_000, 500);
    const app = withLeases(place, LEASE);
    await using fleet = new Fleet(script, { app, worker: elsewhere(place), ledger: join(folder, 'ledger') });
    using queue = new RedisQueue(place);
    const originals = await filled(stage, queue, messages);
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    await takeAndDie(place, throughPort(place, app, proxy.port), () => proxy.swallow('toServer', 'toClient'));
    const deadMs = performance.now();
    await queue.watchSlowness();
    await fleet.start();
    const pings: number[] = [];
    while ((await queue.held()) > 0 && performance.now() - deadMs < WAIT_MS) {
      pings.push(await queue.pingMs());
      await pause(5);
    }
    const tookMs = performance.now() - deadMs;
    const slow = await queue.slowerThan(HELD_UP_MS);
    const p99 = pings.toSorted((a, b) => a - b)[Math.floor(pings.length * 0.99)] ?? 0;
    const broken = differences(originals, (await queue.waiting()).map(unflagged));
    console.log(
      `    back after ${Math.round(tookMs)} ms; ${slow} commands over ${HELD_UP_MS} ms, ping p99 ${p99.toFixed(1)} ms`,
    );
    if (tookMs > MOST_RESTORING_MS) broken.push(`back after ${Math.round(tookMs)} ms`);
    if (slow > Math.max(1, pings.length / 100))
      broken.push(`${slow} commands held up Redis for more than ${HELD_UP_MS} ms`);
    return {
      ...NONE,
      test: 'ALO-11',
      variant,
      place: place.name,
      size: messages,
      faults: 1,
      slowestMs: Math.round(tookMs),
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken,
    };
  },
};

/** Workers that only restore: they consume another queue. */
function elsewhere({ queue }: Place) {
  return { concurrency: 1, queues: [`${queue}-elsewhere`] };
}

/** @returns what is in the queue then */
async function filled(stage: Stage, queue: RedisQueue, messages: number): Promise<ReadonlySet<string>> {
  await using load = await openSender(stage, join(stage.folder, 'sent'));
  await burstsOf(load, messages);
  return new Set((await queue.waiting()).map(unflagged));
}

function differences(originals: ReadonlySet<string>, found: readonly string[]): string[] {
  const there = new Set(found);
  const lost = [...originals].filter((message) => !there.has(message));
  const strange = [...there].filter((message) => !originals.has(message));
  return [
    ...(found.length === there.size ? [] : [`${found.length - there.size} are there twice`]),
    ...(lost.length === 0 ? [] : [`${lost.length} are lost, the first: ${lost[0]}`]),
    ...(strange.length === 0 ? [] : [`${strange.length} have changed, the first: ${strange[0]}`]),
  ];
}
