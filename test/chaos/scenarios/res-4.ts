import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ResultTimeoutError, TaskFailedError } from '../../../lib/index.js';
import type { Place } from '../place.js';
import { sized, type Row, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

const WAIT_SECONDS = 20;
/** Redis takes no larger value in this test; by default it is 512 MiB. */
const LARGEST_VALUE = 1_048_576;

const cycle = (): unknown => {
  const self: Record<string, unknown> = {};
  self['self'] = self;
  return self;
};

/** What tasks return, and no result can hold. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  cycle,
  function: () => () => 1,
  Map: () => new Map([['key', 1]]),
  symbol: () => Symbol('key'),
  'too large for Redis': () => 'x'.repeat(LARGEST_VALUE * 2),
};

/** What becomes of a result that cannot be had: its reader hears of it in plain words, and its task runs once. */
export const res4: Scenario = {
  id: 'RES-4',
  title: 'results that cannot be kept, or are gone',
  places: ['RabbitMQ', 'Redis'],
  variants: [...Object.keys(VALUES), 'expired', 'forgotten'],
  tiers: ['ci', 'full'],
  async run({ tier, place }, variant): Promise<Row> {
    const begunMs = performance.now();
    const runs = new Map<string, number>();
    const app = await openSilently({
      ...place.app,
      resultExpires: variant === 'expired' ? '1s' : '10m',
      resultBackendTimeout: '3s',
    });
    app.defineTask('chaos.value', { acksLate: true }, (id: string) => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      return VALUES[variant]?.() ?? 'a value';
    });
    await limitValues(place, LARGEST_VALUE);
    const wrong: string[] = [];
    const tasks = sized(tier, 200, 20);
    try {
      await app.startWorker({ hostname: `chaos-${crypto.randomUUID()}@%h` });
      await Promise.all(
        Array.from({ length: tasks }, async () => {
          const taskId = crypto.randomUUID();
          const result = await app.client.applyAsync('chaos.value', { taskId, args: [taskId] });
          if (variant === 'expired') {
            await result.get({ timeout: WAIT_SECONDS });
            await pause(2_000);
          }
          if (variant === 'forgotten') {
            await result.get({ timeout: WAIT_SECONDS });
            await result.forget();
          }
          const isGone = variant === 'expired' || variant === 'forgotten';
          const found = await app.client
            .result(taskId)
            .get({ timeout: isGone ? 1 : WAIT_SECONDS })
            .then((value) => `value ${typeof value}`)
            .catch((error: unknown) => (error instanceof Error ? error : String(error)));
          const isDefined = isGone ? found instanceof ResultTimeoutError : found instanceof TaskFailedError;
          if (!isDefined) wrong.push(String(found));
        }),
      );
    } finally {
      await limitValues(place, 512 * LARGEST_VALUE);
      await app.close(0);
    }
    const again = [...runs.values()].filter((count) => count > 1).length;
    const none = { lost: 0, restarted: 0, recovered: 0, unexpected: 0, stuck: 0, slowestMs: 0 };
    return {
      ...none,
      test: 'RES-4',
      variant,
      place: place.name,
      size: tasks,
      faults: tasks,
      executed: runs.size,
      duplicated: again,
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken: [
        ...(wrong.length === 0 ? [] : [`${wrong.length} without a plain error: ${wrong[0]}`]),
        ...(again === 0
          ? []
          : [`${again} ran more than once, one of them ${Math.max(...runs.values())} times`]),
        ...(runs.size === tasks ? [] : [`${runs.size} of ${tasks} ran`]),
      ],
    };
  },
};

async function limitValues({ app }: Place, bytes: number): Promise<void> {
  const redis = new Redis(String(app.backend));
  await redis.config('SET', 'proto-max-bulk-len', String(bytes));
  redis.disconnect();
}
