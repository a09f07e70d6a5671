import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from '../checker.js';
import { startFaultProxy, type FaultProxy } from '../fault-proxy.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { workedOff } from '../leftover.js';
import { Load } from '../load.js';
import { throughPort, withLeases } from '../place.js';
import { isTimed, partSized, type Scenario } from '../scenario.js';

const GRACE_MS = 3_000;
const ABORT_GRACE_MS = 1_000;
/** Of the plan: for what is asked of a broker that does not answer. */
const SPARE_MS = 2_000;
/** Of the machine. */
const SLACK_MS = 1_000;
const WAIT_MS = 60_000;

const WIRES: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
  'half open, to the broker': (proxy) => proxy.swallow('toServer'),
  'half open, from the broker': (proxy) => proxy.swallow('toClient'),
  'black hole': (proxy) => proxy.swallow('toServer', 'toClient'),
  // What connects again hears nothing.
  down(proxy) {
    proxy.cut();
    proxy.swallow('toServer', 'toClient');
  },
};

/** SIGTERM while the broker cannot be reached, or is not heard: the worker is gone in time, and what it held is run later. */
export const gs5: Scenario = {
  id: 'GS-5',
  title: 'SIGTERM while the broker is away',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(WIRES),
  tiers: ['ci', 'full'],
  parts: 4,
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const strike = WIRES[variant];
    if (strike === undefined) throw new Error(`No such wire: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const app = withLeases(place, '2s');
    await using proxy = await startFaultProxy(place.port, random.branch('wire'));
    const worker = {
      concurrency: 8,
      shutdownGrace: `${GRACE_MS}ms` as const,
      abortGrace: `${ABORT_GRACE_MS}ms` as const,
    };
    await using behind = new Fleet(script, { app: throughPort(place, app, proxy.port), worker, ledger });
    await using sound = new Fleet(script, { app, worker, ledger });
    await using load = await Load.open({
      app,
      ledger,
      random: random.branch('load'),
      kinds: ['late'],
      backlog: 60,
      runMs: [0, 300],
    });
    load.start();
    const broken: string[] = [];
    const took: number[] = [];
    const stops = partSized(stage, 100, 2);
    for (let stop = 0; stop < stops; stop += 1) {
      proxy.heal();
      const victim = await behind.start();
      if ((await load.next('ended', Date.now(), WAIT_MS)) === undefined) broken.push('nothing ran');
      strike(proxy);
      await pause(random.between(0, 1_000));
      const toldMs = performance.now();
      victim.signal('SIGTERM');
      const { code, signal } = await victim.ended;
      took.push(performance.now() - toldMs);
      if (code !== 1) broken.push(`a worker that is not heard ended with ${code ?? signal}`);
    }
    await load.stop();
    proxy.heal();
    const left = await workedOff(sound, load, place);
    load.reader.more();
    const verdict = check(load.reader.entries);
    broken.push(...promises(verdict, ['lost', 'stuck', 'unexpected']));
    if (left > 0) broken.push(`${left} messages were left behind`);
    const slowestMs = Math.max(...took);
    if (isTimed(tier) && slowestMs > GRACE_MS + SPARE_MS + SLACK_MS)
      broken.push(`a worker took ${Math.round(slowestMs)} ms to end`);
    return judged({ stage, test: 'GS-5', variant, verdict, faults: stops, slowestMs, begunMs, broken });
  },
};
