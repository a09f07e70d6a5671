import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CeleryApp, ClusterState, readCeleryOptions } from '../../lib/index.js';
import { systemClock } from '../../lib/runtime/clock.js';
import { startRedis } from '../../test/support/redis.js';
import { TROUBLE_ONLY } from '../trouble-only.log.js';

// Does memory stay where it is while events go by? A worker with `sendEvents` works off tasks, a receiver hears what it tells
// and a cluster state remembers the latest, all in one process. The heap is measured after a collection, at a tenth, at half
// and at the end; the end may be 10 % above the tenth, and a further MiB.
//
//   node bench/dist/bench/floods/event-soak.js --events 1000000

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    /** Of a Redis to use. Default: a private one is started. */
    broker: { type: 'string' },
  },
});
const total = Number(values.events);
const IN_FLIGHT = 500;
const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

await using redis = values.broker === undefined ? await startRedis() : undefined;
const config = readCeleryOptions({ broker: values.broker ?? `${redis?.url}/0`, taskIgnoreResult: true });
const app = await CeleryApp.open(config, { log: TROUBLE_ONLY });
app.defineTask('noop', {}, () => undefined);
const state = new ClusterState(systemClock);
const receiver = app.eventReceiver();
receiver.on('*', state.apply);
await receiver.start();
const worker = await app.startWorker({ sendEvents: true, concurrency: 20 });

const startMs = performance.now();
const heaps: number[] = [];
let sent = 0;
for (const [share, name] of [
  [0.1, '10 %'],
  [0.5, '50 %'],
  [1, '100 %'],
] as const) {
  while (state.events < total * share) {
    const room = IN_FLIGHT - (sent - worker.status.processed);
    await Promise.all(Array.from({ length: Math.max(0, room) }, () => app.client.applyAsync('noop')));
    sent += Math.max(0, room);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  heaps.push(heapUsed);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.log(
    `${name.padStart(5)}: ${state.events} events, ${state.tasks().length} tasks remembered, ` +
      `heap ${(heapUsed / MIB).toFixed(1)} MiB, rss ${(rss / MIB).toFixed(0)} MiB, ${seconds} s`,
  );
}
await receiver.stop();
await app.close();
const [first = 0, , last = Infinity] = heaps;
const flat = last <= first * 1.1 + MIB;
console.log(flat ? 'flat' : 'NOT flat');
process.exitCode = flat ? 0 : 1;
