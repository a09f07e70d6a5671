import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CeleryApp, readCeleryOptions, type CeleryOptions } from '../../../lib/index.js';
import { EventDispatcher } from '../../../lib/events/event.dispatcher.js';
import { systemClock } from '../../../lib/runtime/clock.js';
import { LamportClock } from '../../../lib/runtime/lamport.clock.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { openContent } from '../../../lib/message/content.factory.js';
import { brokerMemory } from '../broker-memory.js';
import { check } from '../checker.js';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.js';
import { Fleet } from '../fleet.js';
import { heapInUse } from '../heap.js';
import { judged } from '../judge.js';
import { throughPort } from '../place.js';
import { sized, type Scenario } from '../scenario.js';

const MIB = 2 ** 20;
/** Of each event. */
const ARGS = 'x'.repeat(2_000);
const AT_ONCE = 1_000;
const LOOKS = 10;
const MOST_IN_BROKER = 100 * MIB;
/** Events that wait in a dispatcher at most, and those of the eight messages under way. */
const MOST_HELD = 10_000 + 8 * 100;
const MOST_HEAP = 100 * MIB;
/** A slow monitor runs a tenth of the time. */
const [STOPPED_MS, RUNS_MS] = [900, 100];
const FLUSH_MS = 15_000;

const VARIANTS = ['no consumer', 'slow consumer', 'frozen consumer', 'broker away'] as const;

/** Events that nobody hears, or not fast enough, or that cannot be told: neither broker nor teller collects them. */
export const mem5: Scenario = {
  id: 'MEM-5',
  title: 'events that are not heard',
  places: ['RabbitMQ', 'Redis'],
  variants: VARIANTS,
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, script, random, folder } = stage;
    const begunMs = performance.now();
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    const order = { app: place.app, worker: {}, ledger: join(folder, 'ledger') };
    await using monitors = new Fleet(join(dirname(script), 'listener.js'), order);
    const teller = await openTeller(throughPort(place, place.app, proxy.port));
    const events = sized(tier, 1_000_000, 20_000);
    const broken: string[] = [];
    const monitor =
      variant.endsWith(' consumer') && variant !== 'no consumer' ? await monitors.start() : undefined;
    const slowed = new AbortController();
    const runsMs = variant === 'slow consumer' ? RUNS_MS : 0;
    const slowing = monitor === undefined ? undefined : slow(monitor.pid, runsMs, slowed.signal);
    let [inBroker, held] = [0, 0];
    try {
      const [before, heap] = [await brokerMemory(place), heapInUse()];
      if (variant === 'broker away') away(proxy);
      for (let told = 0; told < events; told += AT_ONCE) {
        for (let one = 0; one < AT_ONCE; one += 1) teller.tell();
        if (variant === 'broker away') await pause(1);
        else await teller.dispatcher.flush();
        if (told % Math.ceil(events / LOOKS) >= AT_ONCE) continue;
        if (variant !== 'broker away') inBroker = Math.max(inBroker, (await brokerMemory(place)) - before);
        held = Math.max(held, heapInUse() - heap);
      }
      const { dropped } = teller.dispatcher;
      console.log(
        `    broker ${(inBroker / MIB).toFixed(0)} MiB more, heap ${(held / MIB).toFixed(0)} MiB more, ${dropped} dropped`,
      );
      if (inBroker > MOST_IN_BROKER) broken.push(`the broker holds ${(inBroker / MIB).toFixed(0)} MiB more`);
      if (held > MOST_HEAP) broken.push(`the heap holds ${(held / MIB).toFixed(0)} MiB more`);
      if (variant === 'broker away') {
        if (dropped < events - MOST_HELD) broken.push(`${dropped} of ${events} are counted as dropped`);
        proxy.heal();
        broken.push(...(await toldAgain(teller)));
      } else if (dropped > 0) broken.push(`${dropped} were dropped though the broker was there`);
    } finally {
      slowed.abort();
      await slowing;
      await teller.app.close(0);
    }
    if (monitor !== undefined) {
      monitor.signal('SIGTERM');
      await monitor.ended;
      const heard = Number(/HEARD (\d+)/.exec(monitor.output())?.[1] ?? 0);
      console.log(`    the monitor heard ${heard} of ${events}`);
      if (heard === 0 && variant === 'slow consumer') broken.push('the slow monitor heard nothing');
    }
    const verdict = { ...check([]), attempted: events };
    return judged({ stage, test: 'MEM-5', variant, verdict, faults: 0, slowestMs: 0, begunMs, broken });
  },
};

function away(proxy: FaultProxy): void {
  proxy.cut();
  proxy.swallow('toServer', 'toClient');
}

async function openTeller(options: CeleryOptions) {
  const config = readCeleryOptions(options);
  const app = await CeleryApp.open(config, { log: silentLog });
  await app.broker.connect();
  const content = await openContent(config);
  const [clock, log, lamport] = [systemClock, silentLog, new LamportClock()];
  const from = {
    broker: app.broker,
    content,
    serializer: 'json',
    hostname: 'chaos@events',
    lamport,
    clock,
    log,
  };
  const dispatcher = new EventDispatcher(from, true);
  const tell = (): void => dispatcher.tellOfTask('task-rejected', { uuid: ARGS, requeue: false });
  return { app, dispatcher, tell };
}

/** Once the broker is there again, what waited and what comes is told, and nothing more is dropped. */
async function toldAgain({
  dispatcher,
  tell,
}: Pick<Awaited<ReturnType<typeof openTeller>>, 'dispatcher' | 'tell'>): Promise<string[]> {
  await pause(FLUSH_MS);
  const { dropped } = dispatcher;
  for (let one = 0; one < AT_ONCE; one += 1) tell();
  await dispatcher.flush();
  const more = dispatcher.dropped - dropped;
  return more > 0 ? [`${more} were dropped though the broker was there again`] : [];
}

async function slow(pid: number, runsMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    process.kill(pid, 'SIGSTOP');
    await pause(STOPPED_MS);
    if (runsMs > 0) process.kill(pid, 'SIGCONT');
    await pause(runsMs);
  }
  process.kill(pid, 'SIGCONT');
}
