import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { tickId } from '../../lib/beat/tick.js';
import { CeleryApp, readCeleryOptions, type CeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { eventually } from '../support/eventually.js';
import { startPythonBeat, startPythonWorker } from '../support/python.js';
import { Lists } from './lists.js';
import { ourSide, ownQueues, pythonSide, startOurWorker, type InteropUrls } from './world.js';

const LONG_MS = 60_000;

const redis = (db: number): string => `${inject('redisUrl')}/${db}`;
const PAIRS = [
  { name: 'Redis', broker: () => redis(9) },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
];

function aPair({ broker }: (typeof PAIRS)[number]) {
  const urls: InteropUrls = { broker: broker(), backend: redis(8), lists: redis(7) };
  const queues = ownQueues();
  return { urls, queues, lists: new Lists(urls.lists), into: `marks-${queues.both}` };
}

async function startOurBeat(options: CeleryOptions) {
  const app = await CeleryApp.open(readCeleryOptions(options), { log: silentLog });
  await app.beat.start();
  return { app, [Symbol.asyncDispose]: () => app.close(0) };
}

describe.each(PAIRS)('beat on $name', (pair) => {
  it(
    'ours drives a Python worker',
    async () => {
      const { urls, queues, lists, into } = aPair(pair);
      await using _lists = lists;
      await using _worker = await startPythonWorker(
        pythonSide(urls, queues),
        [queues.py],
        `py@${queues.py}`,
        1,
      );
      const name = `entry ${queues.py}`;
      await using ours = await startOurBeat({
        ...ourSide(urls, queues),
        // On RabbitMQ a tick is recorded before and after it is sent.
        ...(pair.name === 'Redis' ? {} : { beatStore: redis(7) }),
        beatName: queues.py,
        beatSchedule: {
          [name]: {
            task: 'py.mark',
            schedule: '1s',
            args: ['ü'],
            kwargs: { into },
            expires: 30,
            priority: 3,
          },
        },
      });
      const marks = await lists.take(into, 3);
      expect(marks.map(({ by, value }) => ({ by, value }))).toEqual(Array(3).fill({ by: 'py', value: 'ü' }));
      // A tick is run before it is recorded as sent.
      const listed = (await ours.app.beat.schedules.list()).find((entry) => entry.name === name);
      expect(listed?.totalRunCount).toBeGreaterThanOrEqual(2);
      expect(marks.every(({ id, root, parent }) => id === root && parent === null)).toBe(true);
      expect(await ours.app.resultOf(marks[0]?.id ?? '').get({ timeout: 20 })).toBe('ü');
    },
    LONG_MS,
  );

  it(
    "Python's drives our worker",
    async () => {
      const { urls, queues, lists, into } = aPair(pair);
      await using _lists = lists;
      await using _ours = await startOurWorker(ourSide(urls, queues), lists, [queues.js]);
      const entry = {
        task: 'js.mark',
        schedule: 1,
        args: ['tick'],
        kwargs: { into },
        options: { expires: 30, priority: 3 },
      };
      const python = pythonSide(urls, queues);
      const env = { ...python.env, BEAT_SCHEDULE: JSON.stringify({ entry }) };
      const file = join(tmpdir(), `celerybeat-${randomUUID()}`);
      await using _beat = await startPythonBeat({ ...python, env }, file);
      const marks = await lists.take(into, 3);
      expect(marks.map(({ by, value }) => ({ by, value }))).toEqual(
        Array(3).fill({ by: 'js', value: 'tick' }),
      );
    },
    LONG_MS,
  );
});

describe("what beat puts on the wire, as Celery 5.6's does", () => {
  it('is a task message like any other, whose arguments are shown as a list', async () => {
    const client = new Redis(redis(9));
    const queue = `bq-${randomUUID()}`;
    const list = `${queue}\x06\x163`;
    const name = `entry ${queue}`;
    const atMs = Date.now() + 200;
    await using _ours = await startOurBeat({
      broker: redis(9),
      backend: 'none',
      beatName: queue,
      beatSchedule: {
        [name]: {
          task: 'tw.add',
          schedule: { kind: 'clocked', at: new Date(atMs).toISOString() },
          args: [1],
          kwargs: { y: 2 },
          options: { queue, expires: 30, priority: 3, headers: { hh: 1 } },
        },
      },
    });
    const text = await eventually(async () => (await client.lindex(list, 0)) ?? undefined, {
      what: 'the message',
      withinMs: 20_000,
    });
    client.disconnect();
    const message = JSON.parse(text) as {
      readonly headers: Record<string, unknown>;
      readonly properties: Record<string, unknown>;
      readonly body: string;
    };
    const id = tickId(name, atMs);
    expect(message.headers).toEqual({
      lang: 'js',
      task: 'tw.add',
      id,
      shadow: null,
      eta: null,
      expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*\+00:00$/),
      group: null,
      group_index: null,
      retries: 0,
      timelimit: [null, null],
      root_id: id,
      parent_id: null,
      argsrepr: '[1]',
      kwargsrepr: "{'y': 2}",
      origin: expect.stringMatching(/^gen\d+@/),
      ignore_result: false,
      replaced_task_nesting: 0,
      stamped_headers: null,
      stamps: {},
      hh: 1,
    });
    expect(Object.keys(message.headers)).not.toContain('periodic_task_name');
    expect(message.properties).toMatchObject({
      expiration: expect.stringMatching(/^(30000|29\d{3})$/),
      priority: 3,
      delivery_info: { exchange: '', routing_key: queue },
      correlation_id: id,
    });
    expect(JSON.parse(Buffer.from(message.body, 'base64').toString())).toEqual([
      [1],
      { y: 2 },
      { callbacks: null, errbacks: null, chain: null, chord: null },
    ]);
  });
});
