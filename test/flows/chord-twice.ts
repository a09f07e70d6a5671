import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import type { PublishTarget } from '../../lib/broker/broker.js';
import { chord } from '../../lib/canvas/chord.js';
import { group } from '../../lib/canvas/group.js';
import { signature } from '../../lib/canvas/from-dict.js';
import type { TaskContext } from '../../lib/context/task.context.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { CeleryApp } from '../../lib/nest/celery.app.js';
import { readCeleryOptions, type CeleryOptions } from '../../lib/nest/celery.options.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { eventually } from '../support/eventually.js';

/** What the two runs of a part come to. */
type Runs = 'equal' | 'different' | 'failing';

interface Ended {
  readonly bodies: unknown[];
  readonly errbacks: string[];
}

const PARTS = 10;
const WORKERS = 2;

/**
 * Chords of ten parts, each part delivered twice, at once or when it has run: to the same results, to different ones, and
 * to one that fails in one of the two runs. Two workers share them. Each chord must end once.
 */
export async function chordsWithPartsTwice(chords: number, options: CeleryOptions): Promise<void> {
  const ended = Array.from({ length: chords }, (): Ended => ({ bodies: [], errbacks: [] }));
  const runsOf = new Map<string, number>();
  const again = new Map<string, () => Promise<void>>();
  let left = chords * PARTS * 2;
  let open = chords;
  let onEnd = (): void => undefined;
  const everything = new Promise<void>((resolve) => (onEnd = resolve));
  const moved = (): void => {
    if (left <= 0 && open <= 0) onEnd();
  };

  const part = async ({ id }: TaskContext, index: number, place: number): Promise<string> => {
    const run = (runsOf.get(id) ?? 0) + 1;
    runsOf.set(id, run);
    await turns(place % 3);
    const second = again.get(id);
    again.delete(id);
    // Once this run has been settled, most times.
    if (second !== undefined) void turns(20).then(second);
    left -= 1;
    moved();
    if (runsThat(index) === 'failing' && fails(index, place, run)) throw new TypeError('one of the two');
    return runsThat(index) === 'different' ? `${place}.${run}` : String(place);
  };
  const endedBy = (index: number, add: (chord: Ended) => void): void => {
    const chord = ended[index];
    if (chord === undefined) throw new Error(`no chord ${index}`);
    if (chord.bodies.length + chord.errbacks.length === 0) open -= 1;
    add(chord);
    moved();
  };

  const broker = `memory://${randomUUID()}`;
  const config = { ...options, broker, worker: { concurrency: 8, heartbeatInterval: 0 } };
  const apps: CeleryApp[] = [];
  for (let each = 0; each < WORKERS; each += 1) {
    const app = await CeleryApp.open(readCeleryOptions(config), { log: silentLog });
    app.defineTask('part', { bind: true }, part);
    app.defineTask('body', {}, (list: unknown, index: number) =>
      endedBy(index, ({ bodies }) => void bodies.push(list)),
    );
    app.defineTask('failed', {}, (id: string, index: number) =>
      endedBy(index, ({ errbacks }) => void errbacks.push(id)),
    );
    apps.push(app);
  }
  const [sender] = apps;
  if (sender === undefined) throw new Error('no app');
  twice(sender, again);
  for (const app of apps) await app.startWorker();

  const sent = Array.from({ length: chords }, (_, index) => {
    const header = group(
      Array.from({ length: PARTS }, (_each, place) => signature('part', { args: [index, place] }) as never),
    ).set({ taskId: `chord-${index}` });
    const body = signature('body', { args: [index], taskId: `body-${index}` });
    const told = body.linkError(signature('failed', { args: [index] }) as never);
    return sender.producer.send(chord(header as never, told as never));
  });
  await Promise.all(sent);
  await everything;
  await eventually(
    () => apps.every(({ worker }) => worker?.status.running === 0 && worker.status.waiting === 0),
    {
      withinMs: 20_000,
      what: 'all workers idle',
    },
  );

  for (const [index, { bodies, errbacks }] of ended.entries()) {
    const meta: TaskMeta | undefined = await sender.backend?.get(`body-${index}`);
    const wrong = problemOf(index, bodies, errbacks, meta?.status);
    if (wrong !== undefined)
      expect.fail(
        `chord ${index} (${runsThat(index)}): ${wrong}: ${JSON.stringify({ bodies, errbacks, meta })}`,
      );
  }
  for (const app of apps) await app.close(0);
}

/** Undefined: it ended once, from what one run of each part came to. */
function problemOf(
  index: number,
  bodies: readonly unknown[],
  errbacks: readonly string[],
  status: string | undefined,
): string | undefined {
  if (bodies.length + errbacks.length !== 1) return 'it did not end once';
  const [list] = bodies;
  if (list === undefined) {
    if (runsThat(index) !== 'failing') return 'it failed although no part did';
    if (errbacks[0] !== `body-${index}`) return 'another task was said to have failed';
    return status === 'FAILURE' ? undefined : 'its body has not failed';
  }
  if (status !== 'SUCCESS') return 'its body has not succeeded';
  if (!Array.isArray(list) || list.length !== PARTS) return 'it did not get one result of each part';
  const places = list.map((value) => String(value).split('.'));
  if (places.some(([place], at) => place !== String(at))) return 'its results are not in order';
  const runs = places.map(([, run]) => run);
  const known = runsThat(index) === 'different' ? /^[12]$/ : /^$/;
  return runs.every((run = '') => known.test(run)) ? undefined : 'it got what no run came to';
}

function runsThat(index: number): Runs {
  return index % 3 === 0 ? 'equal' : index % 3 === 1 ? 'different' : 'failing';
}

/** One part of each such chord fails, in its first run or in its second. */
function fails(index: number, place: number, run: number): boolean {
  return place === index % PARTS && run === 1 + (Math.floor(index / 3) % 2);
}

/** Every message of a part is published a second time: at once, or when it has run. */
function twice({ broker }: CeleryApp, again: Map<string, () => Promise<void>>): void {
  const publish = broker.publish.bind(broker);
  let parts = 0;
  Object.defineProperty(broker, 'publish', {
    value: async (target: PublishTarget, message: WireMessage): Promise<void> => {
      const { id, task } = message.headers;
      if (task !== 'part') return publish(target, message);
      const atOnce = (parts += 1) % 2 === 0;
      if (!atOnce) again.set(String(id), () => publish(target, message));
      await publish(target, message);
      if (atOnce) await publish(target, message);
    },
  });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
