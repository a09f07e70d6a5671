import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { judged, promises } from '../judge.js';
import { throughPort, type Place } from '../place.js';
import type { Frame } from '../protocol/frame.js';
import { frameProxyOf, type Fate } from '../protocol/frame-proxy.js';
import { burst, openSender, workedOff } from '../publishing.js';
import { sized, type Scenario } from '../scenario.js';

const TIMEOUT_MS = 1_000;
/** Beyond its deadline a publish may take this long. */
const SPARE_MS = 1_000;
const BURST = 50;

interface Strike {
  readonly at: 'publish' | 'answer';
  readonly fate: Fate;
}

const STRIKES: Readonly<Record<string, Strike>> = {
  'answer swallowed': { at: 'answer', fate: 'drop' },
  'answers swallowed from one on': { at: 'answer', fate: 'stall' },
  'publishes swallowed from one on': { at: 'publish', fate: 'stall' },
  'cut before the answer': { at: 'answer', fate: 'cut' },
  'cut before the publish': { at: 'publish', fate: 'cut' },
};
const FROZEN = 'frozen broker';

/** Publishes that get no answer settle by their deadline, and say truly whether they may have been delivered. */
export const pub2: Scenario = {
  id: 'PUB-2',
  title: 'publishes without an answer',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: [...Object.keys(STRIKES), FROZEN],
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, folder } = stage;
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    await using proxy = await frameProxyOf(place, random.branch('wire'));
    const app = throughPort(place, { ...place.app, publishTimeout: `${TIMEOUT_MS}ms` }, proxy.port);
    await using load = await openSender(stage, ledger, app);

    const wanted = sized(tier, 1_000, BURST) / BURST;
    const strike = STRIKES[variant];
    let faults = 0;
    // A burst that finds its connection going down over the fault before may have no answer left to strike.
    for (let round = 0; faults < wanted && round < 2 * wanted; round += 1) {
      await eventually(() => load.app.broker.connected, { withinMs: 10_000, what: 'a connection' });
      await load.send('late', 0);
      // In the middle of the burst.
      void pause(random.between(1, BURST / 2)).then(async () => {
        if (strike === undefined) serverOf(place).freeze();
        else await proxy.strike(firstOf(place, strike), strike.fate);
        faults += 1;
      });
      await burst(load, stage, BURST - 1);
      if (strike === undefined) serverOf(place).thaw();
      proxy.heal();
    }
    const verdict = await workedOff(stage, load, ledger);
    const slowestMs = load.slowestPublishMs;
    const limitMs = TIMEOUT_MS + SPARE_MS;
    return judged({
      stage,
      test: 'PUB-2',
      variant,
      verdict,
      faults,
      slowestMs,
      begunMs,
      broken: [
        ...promises(verdict, ['pending', 'lost', 'denied', 'duplicated', 'restarted', 'stuck', 'unexpected']),
        ...(slowestMs > limitMs
          ? [`a publish settled after ${slowestMs} ms, promised within ${limitMs}`]
          : []),
        ...(faults < wanted ? [`only ${faults} of ${wanted} faults came about`] : []),
      ],
    });
  },
};

function firstOf({ name }: Place, { at }: Strike): (frame: Frame) => boolean {
  const publish = name === 'Redis' ? 'LPUSH' : 'basic.publish';
  const answer = name === 'Redis' ? 'LPUSH' : 'basic.ack';
  const [kind, direction] = at === 'publish' ? [publish, 'toServer'] : [answer, 'toClient'];
  return (frame) => frame.name === kind && frame.direction === direction;
}

function serverOf({ server }: Place) {
  if (server === undefined) throw new Error('PUB-2 freezes its broker: it needs a private one');
  return server;
}
