import { join } from 'node:path';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { throughPort } from '../place.js';
import type { Direction } from '../fault-proxy.js';
import type { Frame } from '../protocol/frame.js';
import { frameProxyOf, type FrameProxy } from '../protocol/frame-proxy.js';
import { openSender } from '../publishing.js';
import { sized, type Scenario } from '../scenario.js';

interface Step {
  readonly direction: Direction;
  readonly name: string;
}

const asked = (...names: readonly string[]): Step[] => names.map((name) => ({ direction: 'toServer', name }));
const answered = (...names: readonly string[]): Step[] =>
  names.map((name) => ({ direction: 'toClient', name }));

/** From the open socket to a worker that consumes, both ways. */
const AMQP_STEPS = [
  ...asked('greeting', 'connection.start-ok', 'connection.tune-ok', 'connection.open', 'channel.open'),
  ...asked('queue.declare', 'confirm.select', 'basic.qos', 'basic.consume'),
  ...answered('connection.start', 'connection.tune', 'connection.open-ok', 'channel.open-ok'),
  ...answered('queue.declare-ok', 'confirm.select-ok', 'basic.qos-ok', 'basic.consume-ok'),
];
const REDIS_COMMANDS = ['AUTH', 'SELECT', 'CLIENT', 'INFO', 'SADD', 'EVALSHA', 'BLMOVE', 'PSUBSCRIBE'];
const REDIS_STEPS = [
  ...asked(...REDIS_COMMANDS),
  ...answered(...REDIS_COMMANDS.filter((name) => name !== 'BLMOVE')),
];

/** Until a step comes once more: the longest pause between two attempts, and connecting up to it. */
const NEXT_MS = 5_000;
const RESUME_MS = { RabbitMQ: 10_000, 'RabbitMQ quorum': 10_000, Redis: 5_000, memory: 0 } as const;
const WAIT_MS = 60_000;
const NEVER_MS = 20_000;
/** For every connection to be there again. */
const SETTLE_MS = 15_000;

/** A worker's connections are cut at one step of connecting, several times in a row, at each step in turn. */
export const rc4: Scenario = {
  id: 'RC-4',
  title: 'flapping: cut at every step of connecting',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: ['each step'],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using proxy = await frameProxyOf(place, random.branch('wire'));
    const app = throughPort(place, place.app, proxy.port);
    // Redis asks for no password, and takes any from its default user.
    const broker = String(app.broker).replace('redis://', 'redis://default:any@');
    await using fleet = new Fleet(script, { app: { ...app, broker }, worker: { concurrency: 8 }, ledger });
    await using load = await openSender(stage, ledger);
    const worker = await fleet.start();
    await settled(proxy, () => true);
    const standing = proxy.standing;

    const flaps = sized(tier, 20, 1);
    const broken: string[] = [];
    let [faults, slowestMs, longestPauseMs] = [0, 0, 0];
    for (const step of place.name === 'Redis' ? REDIS_STEPS : AMQP_STEPS) {
      const what = `${step.name} ${step.direction === 'toServer' ? 'asked' : 'answered'}`;
      const accepted = proxy.accepted;
      proxy.cut();
      for (let flap = 0; flap < flaps; flap += 1) {
        const sinceMs = performance.now();
        const struck = await within(NEVER_MS, proxy.strike(isStep(step), 'cut'));
        if (!struck) {
          broken.push(`${what}: did not come again after ${flap} cuts`);
          break;
        }
        faults += 1;
        if (flap > 0) longestPauseMs = Math.max(longestPauseMs, performance.now() - sinceMs);
      }
      const wellMs = Date.now();
      const id = await load.send('late', 0);
      const tookMs = id === undefined ? undefined : await load.next('ended', wellMs, WAIT_MS, id);
      if (tookMs === undefined) broken.push(`${what}: no task ran within ${WAIT_MS} ms`);
      else slowestMs = Math.max(slowestMs, tookMs);
      await settled(proxy, () => proxy.standing === standing).catch(() =>
        broken.push(`${what}: ${proxy.standing} connections afterwards, ${standing} before`),
      );
      // Each of its connections may try again after each cut, and none twice at a time.
      const most = standing * (flaps + 2);
      if (proxy.accepted - accepted > most)
        broken.push(`${what}: ${proxy.accepted - accepted} attempts to connect, at most ${most} expected`);
    }
    if (!worker.serving) broken.push('the worker did not outlive it');
    await fleet.stop();
    load.reader.more();
    const verdict = check(load.reader.entries);
    const limitMs = RESUME_MS[place.name];
    if (slowestMs > limitMs) broken.push(`a task ran after ${slowestMs} ms, promised within ${limitMs}`);
    if (longestPauseMs > NEXT_MS) broken.push(`${Math.round(longestPauseMs)} ms between two attempts`);
    const leaks = fleet.complaints.filter((line) => /MaxListeners|unhandled/i.test(line));
    broken.push(...leaks, ...promises(verdict, ['lost', 'stuck', 'pending', 'unexpected']));
    return judged({ stage, test: 'RC-4', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};

function isStep({ direction, name }: Step): (frame: Frame) => boolean {
  return (frame) => frame.direction === direction && frame.name === name;
}

/** It is so, and no connection came or went for half a second. */
async function settled(proxy: FrameProxy, isSo: () => boolean): Promise<void> {
  let [last, sinceMs] = ['', performance.now()];
  await eventually(
    () => {
      const now = `${proxy.standing} of ${proxy.accepted}`;
      if (now !== last) [last, sinceMs] = [now, performance.now()];
      return isSo() && performance.now() - sinceMs > 500;
    },
    { withinMs: SETTLE_MS, what: 'connections that stay' },
  );
}

/** False when it did not come in time. */
async function within(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)));
  const came = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return came;
}
