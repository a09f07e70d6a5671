import { Redis } from 'ioredis';
import type { CeleryApp } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { heapInUse } from '../heap.js';
import { sized, type Row, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WAVE = 500;
/** Of all together, once everything has been made for the first time. */
const MOST_HEAP = 4 * 2 ** 20;

/** Results that are waited for until they come, a time has passed or nobody wants them: nothing is left of it. */
export const mem4: Scenario = {
  id: 'MEM-4',
  title: 'waits for results leave nothing behind',
  places: ['Redis'],
  variants: ['come, late and aborted'],
  tiers: ['ci', 'full'],
  async run({ tier, place }, variant): Promise<Row> {
    const begunMs = performance.now();
    const app = await openSilently(place.app);
    const redis = new Redis(String(place.app.backend));
    const waits = sized(tier, 200_000, WAVE * 4);
    const broken: string[] = [];
    let heap = 0;
    try {
      for (let done = 0; done < waits; done += WAVE) {
        await Promise.allSettled(Array.from({ length: WAVE }, (_, index) => wait(app, index)));
        // By then everything has been made for the first time.
        if (done === WAVE) heap = heapInUse();
      }
      const channels = async () => (await redis.pubsub('CHANNELS', 'celery-task-meta-*')).length;
      await eventually(async () => (await channels()) === 0).catch(async () =>
        broken.push(`${await channels()} channels are listened to still`),
      );
      const grown = heapInUse() - heap;
      console.log(`    the heap grew by ${Math.round(grown / 1024)} KiB`);
      if (grown > MOST_HEAP) broken.push(`the heap grew by ${grown} bytes`);
      const lasting = await keysForEver(redis);
      if (lasting.length > 0) broken.push(`${lasting.length} keys stay for ever: ${lasting[0]}`);
    } finally {
      await app.close(0);
      redis.disconnect();
    }
    const none = {
      lost: 0,
      duplicated: 0,
      restarted: 0,
      recovered: 0,
      unexpected: 0,
      stuck: 0,
      slowestMs: 0,
    };
    return {
      ...none,
      test: 'MEM-4',
      variant,
      place: place.name,
      size: waits,
      faults: 0,
      executed: waits,
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken,
    };
  },
};

/** A third comes, a third is late, a third is aborted. */
async function wait(app: CeleryApp, index: number): Promise<void> {
  const taskId = crypto.randomUUID();
  const leave = new AbortController();
  const got = app.client.result(taskId).get({ timeout: index % 3 === 1 ? 0.05 : 30, signal: leave.signal });
  const settled = got.then(
    () => undefined,
    () => undefined,
  );
  if (index % 3 === 2) leave.abort();
  if (index % 3 === 0) {
    const nothing = { traceback: undefined, groupId: undefined, parentId: undefined, extended: undefined };
    const meta = { ...nothing, taskId, status: 'SUCCESS', result: index, children: [] };
    const dateDone = new Date().toISOString();
    await app.backend?.store(Object.freeze({ ...meta, dateDone }), {
      replyTo: undefined,
      correlationId: taskId,
    });
  }
  await settled;
}

async function keysForEver(redis: Redis): Promise<string[]> {
  const found: string[] = [];
  for await (const keys of redis.scanStream({ match: 'celery-task-meta-*', count: 1_000 })) {
    for (const key of keys as string[]) if ((await redis.pttl(key)) === -1) found.push(key);
  }
  return found;
}
