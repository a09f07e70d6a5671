import { setTimeout as pause } from 'node:timers/promises';
import type { CeleryApp } from '../../../lib/index.js';
import type { ResultBackend, TaskMeta } from '../../../lib/backend/result-backend.js';
import { sized, type Row, type Scenario } from '../scenario.js';
import { openSilently } from '../silent-app.js';

type Status = 'SUCCESS' | 'FAILURE' | 'RETRY' | 'STARTED';

/** What two attempts store, in this order, or at the same moment. */
interface Attempts {
  readonly stored: readonly [Status, Status];
  readonly atOnce?: true;
}

const ATTEMPTS: Readonly<Record<string, Attempts>> = {
  'both succeed': { stored: ['SUCCESS', 'SUCCESS'] },
  'both succeed at once': { stored: ['SUCCESS', 'SUCCESS'], atOnce: true },
  'a late failure': { stored: ['SUCCESS', 'FAILURE'] },
  'a late retry': { stored: ['SUCCESS', 'RETRY'] },
  'a late start': { stored: ['SUCCESS', 'STARTED'] },
  'success after failure': { stored: ['FAILURE', 'SUCCESS'] },
  'success after retry': { stored: ['RETRY', 'SUCCESS'] },
  'success and failure at once': { stored: ['SUCCESS', 'FAILURE'], atOnce: true },
  'success and retry at once': { stored: ['SUCCESS', 'RETRY'], atOnce: true },
};
const WAVE = 200;

/** Two workers run the same task. The first success is what everybody reads from then on. */
export const res3: Scenario = {
  id: 'RES-3',
  title: 'two attempts store their ends',
  places: ['Redis', 'memory'],
  variants: Object.keys(ATTEMPTS),
  tiers: ['short', 'ci', 'full'],
  async run({ tier, place, random }, variant): Promise<Row> {
    const begunMs = performance.now();
    const attempts = ATTEMPTS[variant];
    if (attempts === undefined) throw new Error(`No attempts: ${variant}`);
    const open = () => openSilently(place.app);
    const one = await open();
    // Results in memory are of one app.
    const other = place.name === 'memory' ? one : await open();
    const wrong: string[] = [];
    const tasks = sized(tier, 6_000, WAVE);
    try {
      for (let done = 0; done < tasks; done += WAVE) {
        await Promise.all(
          Array.from({ length: Math.min(WAVE, tasks - done) }, async () => {
            const [first, second] = random.fraction() < 0.5 ? [one, other] : [other, one];
            const found = await outcome(backendOf(first), backendOf(second), attempts);
            if (found !== undefined) wrong.push(found);
          }),
        );
      }
    } finally {
      await Promise.all([one.close(0), other.close(0)]);
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
      test: 'RES-3',
      variant,
      place: place.name,
      size: tasks,
      faults: tasks,
      executed: tasks * 2,
      seconds: Math.round((performance.now() - begunMs) / 100) / 10,
      broken: wrong.length === 0 ? [] : [`${wrong.length} wrong: ${wrong[0]}`],
    };
  },
};

/** What is wrong with what became of one task. */
async function outcome(
  first: ResultBackend,
  second: ResultBackend,
  { stored, atOnce }: Attempts,
): Promise<string | undefined> {
  const taskId = crypto.randomUUID();
  const address = { replyTo: undefined, correlationId: taskId };
  const told: string[] = [];
  const unwatch = second.watch(taskId, (meta) => void told.push(shown(meta)));
  const [a, b] = [metaOf(taskId, stored[0], 'first'), metaOf(taskId, stored[1], 'second')];
  if (atOnce === true) await Promise.all([first.store(a, address), second.store(b, address)]);
  else {
    await first.store(a, address);
    await second.store(b, address);
  }
  const final = await first.get(taskId);
  const success = stored[0] === 'SUCCESS' ? 'SUCCESS first' : 'SUCCESS second';
  const allowed = atOnce === true && stored[1] === 'SUCCESS' ? [success, 'SUCCESS second'] : [success];
  const read = final === undefined ? 'nothing' : shown(final);
  // It has been told by then, or is told no more.
  await pause(20);
  unwatch();
  const since = told.slice(told.findIndex((state) => state.startsWith('SUCCESS')) + 1);
  if (!allowed.includes(read)) return `read ${read}, expected ${allowed.join(' or ')}`;
  if (told.some((state) => state.startsWith('SUCCESS')) && since.some((state) => state !== read))
    return `told ${told.join(', ')}`;
  return undefined;
}

function metaOf(taskId: string, status: Status, attempt: string): TaskMeta {
  const error = { exc_type: 'Error', exc_message: [attempt], exc_module: 'builtins' };
  const result = status === 'SUCCESS' ? attempt : error;
  const nothing = { traceback: undefined, groupId: undefined, parentId: undefined, extended: undefined };
  const dateDone = new Date().toISOString();
  return Object.freeze({ ...nothing, taskId, status, result, children: [], dateDone });
}

function shown({ status, result }: TaskMeta): string {
  return status === 'SUCCESS' ? `SUCCESS ${String(result)}` : status;
}

function backendOf({ backend }: CeleryApp): ResultBackend {
  if (backend === undefined) throw new Error('RES-3 needs a result backend');
  return backend;
}
