import { setImmediate } from 'node:timers/promises';
import { encodeEnvelope } from '../../../lib/broker/redis/redis.envelope.js';
import type { Content } from '../../../lib/message/content.js';
import { contentOf } from '../../message/open-content.js';
import { bombs, type Bomb } from '../fuzz/bombs.js';
import { costMs } from '../fuzz/cost.js';
import { heapInUse } from '../heap.js';
import { fuzzRow } from '../fuzz/row.js';
import { readsMessage, readsTasks } from '../fuzz/readers.js';
import { isTimed, type Scenario } from '../scenario.js';

/** The loop may stand still so long, ms. */
const LONGEST_MS = 200;
const HANG_MS = 3_000;
const TRIES = 5;
/** Twice what a body may become, MiB. */
const MOST_MIB = 128;
/** What takes long to make. */
const LARGE = /MiB|\d{6}|million|bzip2|texts/;

/** Messages whose cost is out of all proportion. */
export const fz4: Scenario = {
  id: 'FZ-4',
  title: 'bombs: deep, wide, long, colliding, inflating, referring to themselves',
  places: ['memory'],
  variants: ['bombs'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const begunMs = performance.now();
    const content = await contentOf({ acceptContent: ['json', 'msgpack', 'yaml'], taskCompression: 'bzip2' });
    const limitMs = isTimed(stage.tier) ? LONGEST_MS : HANG_MS;
    const broken: string[] = [];
    let [read, refused, slowestMs] = [0, 0, 0];
    for (const bomb of bombs(content)) {
      if (stage.tier === 'short' && LARGE.test(bomb.name)) continue;
      const reads = readerOf(bomb, content);
      let isRead = false;
      const timed = async (): Promise<number> => {
        await setImmediate();
        return costMs(() => (isRead = reads()));
      };
      // Takes longer than the bomb, where much is loaded.
      if (isTimed(stage.tier)) heapInUse();
      const before = process.memoryUsage().rss;
      let tookMs = await timed();
      const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
      for (let again = 1; tookMs > limitMs && again < TRIES; again += 1)
        tookMs = Math.min(tookMs, await timed());
      if (isRead) read += 1;
      else refused += 1;
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > limitMs) broken.push(`${bomb.name}: ${Math.round(tookMs)} ms`);
      if (isTimed(stage.tier) && grownMiB > MOST_MIB)
        broken.push(`${bomb.name}: ${Math.round(grownMiB)} MiB more`);
    }
    return fuzzRow(stage, { test: 'FZ-4', variant, seen: { read, refused, slowestMs, broken }, begunMs });
  },
};

const LONGEST_BODY_BYTES = 16 * 2 ** 20;

/** Reads it as Redis has it, in an envelope; what is longer than any body may be, as RabbitMQ hands it out. */
function readerOf(bomb: Bomb, content: Content): () => boolean {
  const { contentType, compression } = bomb;
  const headers = { task: 'tw.add', id: 'an-id', ...(compression !== undefined && { compression }) };
  const properties = { deliveryMode: 2, priority: 0 } as const;
  const message = { body: bomb.body(), contentType, contentEncoding: 'utf-8', headers, properties };
  if (message.body.length > LONGEST_BODY_BYTES) return () => readsMessage(message, content);
  const raw = Buffer.from(encodeEnvelope(message, '', 'celery')('a-tag'));
  return () => readsTasks(content)(raw);
}
