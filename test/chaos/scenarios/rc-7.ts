import { join } from 'node:path';
import { connect } from 'amqplib';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { throughPort, type Place } from '../place.js';
import { methodFrame } from '../protocol/amqp.js';
import type { Frame } from '../protocol/frame.js';
import { frameProxyOf } from '../protocol/frame-proxy.js';
import { openSender } from '../publishing.js';
import { sized, type Scenario } from '../scenario.js';

const RESUME_MS = 10_000;
const WAIT_MS = 60_000;
/** Long enough that it runs over the fault. */
const RUN_MS = 300;

/** `consumer`: the worker's `basic.consume` of the queue that is struck. */
type Fault = (consumer: Frame, queue: string, place: Place) => Promise<void> | void;

const shortText = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);

const FAULTS: Readonly<Record<string, Fault>> = {
  // RabbitMQ closes a channel over an acknowledgement of what it never sent: 406.
  'channel closed': ({ wire, channel }) => {
    const tag = Buffer.alloc(9);
    tag.writeUInt32BE(1_000_000, 4);
    wire.say('toServer', methodFrame(channel, 'basic.ack', tag));
  },
  'consumer cancelled': async (_consumer, queue, { app }) => {
    const connection = await connect(String(app.broker));
    const channel = await connection.createChannel();
    await channel.deleteQueue(queue);
    await connection.close();
  },
  'connection closed, 320': ({ wire }) => {
    const code = Buffer.from([320 >> 8, 320 & 0xff]);
    const fields = Buffer.concat([code, shortText('CONNECTION_FORCED - test'), Buffer.alloc(4)]);
    wire.say('toClient', methodFrame(0, 'connection.close', fields));
  },
  // A prefetch counted in bytes is what RabbitMQ does not implement.
  'connection closed, 540': ({ wire, channel }) => {
    wire.say('toServer', methodFrame(channel, 'basic.qos', Buffer.from([0, 0, 0, 1, 0, 1, 0])));
  },
};

/** RabbitMQ takes a consumer, its channel or the connection away. Both queues of the worker are served soon after. */
export const rc7: Scenario = {
  id: 'RC-7',
  title: 'channels, consumers and connections closed by the server',
  places: ['RabbitMQ', 'RabbitMQ quorum'],
  variants: Object.keys(FAULTS),
  tiers: ['ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const begunMs = performance.now();
    const strike = FAULTS[variant];
    if (strike === undefined) throw new Error(`No fault: ${variant}`);
    const ledger = join(folder, 'ledger');
    const [struck, other] = [place.queue, `${place.queue}-other`];
    await using proxy = await frameProxyOf(place, random.branch('wire'));
    const consumers = new Map<string, Frame>();
    let consumed = 0;
    proxy.judge((frame) => {
      if (frame.name !== 'basic.consume') return 'pass';
      consumed += 1;
      consumers.set(queueOf(frame), frame);
      return 'pass';
    });
    const worker = { concurrency: 8, queues: [struck, other] };
    await using fleet = new Fleet(script, { app: throughPort(place, place.app, proxy.port), worker, ledger });
    await using load = await openSender(stage, ledger);
    await fleet.start();

    const faults = sized(tier, 100, 2);
    const broken: string[] = [];
    const overFault = new Set<string>();
    let slowestMs = 0;
    const run = async (queue: string, sinceMs: number): Promise<void> => {
      const id = await load.send('late', 0, undefined, queue);
      const tookMs = id === undefined ? undefined : await load.next('ended', sinceMs, WAIT_MS, id);
      if (tookMs === undefined) broken.push(`no task of ${queue} ran within ${WAIT_MS} ms`);
      else slowestMs = Math.max(slowestMs, tookMs);
    };
    for (let fault = 0; fault < faults && broken.length === 0; fault += 1) {
      const beganMs = Date.now();
      const running = await load.send('late', RUN_MS, undefined, other);
      if (running === undefined || (await load.next('started', beganMs, WAIT_MS, running)) === undefined) {
        broken.push(`fault ${fault + 1}: a task did not start before it`);
        break;
      }
      overFault.add(running);
      const consumer = consumers.get(struck);
      if (consumer === undefined) throw new Error('The worker does not consume');
      const before = consumed;
      await strike(consumer, struck, place);
      const sinceMs = Date.now();
      await eventually(() => consumed > before, { withinMs: WAIT_MS, what: 'a new consumer' });
      await run(struck, sinceMs);
      await run(other, sinceMs);
      // Back-off starts anew with a connection that held.
      await new Promise((resolve) => setTimeout(resolve, tier === 'full' ? random.between(0, 2_500) : 0));
    }
    if (fleet.serving.length !== 1) broken.push('the worker did not outlive it');
    await load.drained(WAIT_MS);
    await fleet.stop();
    load.reader.more();
    const verdict = check(load.reader.entries);
    if (slowestMs > RESUME_MS) broken.push(`a task ran after ${slowestMs} ms, promised within ${RESUME_MS}`);
    broken.push(...promises(verdict, ['lost', 'stuck', 'pending', 'denied', 'unexpected']));
    // What ran for the other queue is not touched, unless the connection is. What ended for the struck one may not yet have been
    // acknowledged when its channel went.
    const isAlone = !variant.startsWith('connection');
    const untouched = check(load.reader.entries.filter(({ id }) => overFault.has(id)));
    if (isAlone) broken.push(...promises(untouched, ['duplicated', 'restarted']));
    return judged({ stage, test: 'RC-7', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};

/** After the frame's seven bytes, class, method and an unused number. */
function queueOf({ bytes }: Frame): string {
  const length = bytes.readUInt8(13);
  return bytes.toString('utf8', 14, 14 + length);
}
