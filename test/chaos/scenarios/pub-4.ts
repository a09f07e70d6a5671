import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { freePort } from '../../support/servers/free-port.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { LedgerReader } from '../ledger.js';
import { Load } from '../load.js';
import { empty } from '../publishing.js';
import { isTimed, sized, type Scenario } from '../scenario.js';

/** `rabbitmqctl` commands that set the alarm off, and that end it. */
const ALARMS: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  memory: [
    ['set_vm_memory_high_watermark', 'absolute', '1'],
    ['set_vm_memory_high_watermark', 'absolute', '2GB'],
  ],
  disk: [
    ['set_disk_free_limit', '100000GB'],
    ['set_disk_free_limit', '50MB'],
  ],
};

const TIMEOUT_MS = 2_000;
const SPARE_MS = 1_000;
/** Tasks take so long that the workers, not the machine, set the pace. */
const RUN_MS = 200;
const CONCURRENCY = 16;
const LEAST_RATE = 0.9;
/** A probe every 500 ms that must come back within 1 s. */
const NOT_READY_MS = 2_000;

/** RabbitMQ runs short of memory or disk: publishes end by their deadline, work goes on, and readiness tells. */
export const pub4: Scenario = {
  id: 'PUB-4',
  title: 'memory and disk alarms under load',
  places: ['RabbitMQ', 'RabbitMQ quorum'],
  variants: Object.keys(ALARMS),
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const { server } = place;
    const [on, off] = ALARMS[variant] ?? [[], []];
    if (server === undefined || !('ctl' in server)) throw new Error('PUB-4 needs a RabbitMQ of its own');
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const port = await freePort();
    const health = { port, probeInterval: '500ms', probeTimeout: '1s' } as const;
    await using fleet = new Fleet(script, {
      app: place.app,
      worker: { concurrency: CONCURRENCY, health },
      ledger,
    });
    const alarmMs = sized(tier, 20_000, 2_000) + 3_000;
    // Enough to go on with through the alarm.
    const backlog = Math.ceil(((alarmMs * 2) / RUN_MS) * CONCURRENCY);
    await using load = await Load.open({
      app: { ...place.app, publishTimeout: `${TIMEOUT_MS}ms` },
      ledger,
      random: random.branch('load'),
      kinds: ['late'],
      backlog,
      runMs: [RUN_MS, RUN_MS],
    });
    load.start();
    await eventually(() => load.sent > backlog * 0.9, { withinMs: 60_000, what: 'a full queue' });
    await fleet.start();
    await eventually(() => ready(port), { withinMs: 20_000, what: 'readiness' });

    const beforeRate = await rate(ledger, alarmMs);
    const alarmedMs = performance.now();
    await server.ctl(...on);
    const setMs = performance.now();
    const notReady = eventually(async () => !(await ready(port)), {
      withinMs: alarmMs,
      what: 'the alarm seen',
    })
      .then(() => performance.now() - setMs)
      .catch(() => alarmMs);
    const alarmedRate = await rate(ledger, alarmMs);
    const slowestMs = await notReady;
    await server.ctl(...off);
    await eventually(() => ready(port), { withinMs: 20_000, what: 'readiness after the alarm' });
    const took = Math.round(performance.now() - alarmedMs);
    await pause(500);
    await load.stop();
    await load.drained(60_000);
    await empty(place, load);
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const rates = `${Math.round(alarmedRate)} a second with the alarm, ${Math.round(beforeRate)} without`;
    console.log(`    ${rates}; not ready after ${Math.round(slowestMs)} ms; alarm and recovery ${took} ms`);
    return judged({
      stage,
      test: 'PUB-4',
      variant: `${variant} alarm`,
      verdict,
      faults: 1,
      slowestMs,
      begunMs,
      broken: [
        ...promises(verdict, ['pending', 'lost', 'denied', 'duplicated', 'restarted', 'stuck', 'unexpected']),
        ...(load.slowestPublishMs > TIMEOUT_MS + SPARE_MS
          ? [`a publish settled after ${load.slowestPublishMs} ms`]
          : []),
        ...(isTimed(tier) && alarmedRate < beforeRate * LEAST_RATE ? [`work slowed down: ${rates}`] : []),
        ...(slowestMs > NOT_READY_MS ? [`readiness told after ${slowestMs} ms`] : []),
      ],
    });
  },
};

/** Tasks that end each second, over so long. */
async function rate(ledger: string, ms: number): Promise<number> {
  using reader = new LedgerReader(ledger);
  reader.more();
  const sinceMs = performance.now();
  await pause(ms);
  const ended = reader.more().filter(({ step }) => step === 'ended').length;
  return (ended / (performance.now() - sinceMs)) * 1000;
}

function ready(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok);
}
