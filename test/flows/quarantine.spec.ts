import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PublishError } from '../../lib/errors.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { startWorld } from './world.js';

const EMBED = '{"callbacks": null, "errbacks": null, "chain": null, "chord": null}';
const headers = (more: object = {}) => ({ lang: 'py', task: 'math.add', id: 'an-id', ...more });

/** Every kind of bad message that Celery crashes on, drops or refuses, and some more. */
const BAD: readonly (readonly [string, WireMessage])[] = [
  ['no id', aMessage({ headers: { task: 'math.add' } })],
  ['an id that is a number', aMessage({ headers: headers({ id: 7 }) })],
  ['a body of two elements', aMessage({ headers: headers(), body: '[[], {}]' })],
  ['a body that is a string', aMessage({ headers: headers(), body: '"text"' })],
  ['a body that is null', aMessage({ headers: headers(), body: 'null' })],
  ['an empty body', aMessage({ headers: headers(), body: '' })],
  ['a body that is no JSON', aMessage({ headers: headers(), body: '{{{' })],
  ['a body that is not UTF-8', aMessage({ headers: headers(), body: Buffer.from([0x5b, 0xff, 0xfe, 0x5d]) })],
  ['an eta that is empty text', aMessage({ headers: headers({ eta: '' }) })],
  ['an eta that is a number', aMessage({ headers: headers({ eta: 0 }) })],
  ['an eta that is garbage', aMessage({ headers: headers({ eta: 'tomorrow' }) })],
  ['an expires that is empty text', aMessage({ headers: headers({ expires: '' }) })],
  ['no content type', aMessage({ headers: headers(), contentType: '' })],
  ['an unknown content type', aMessage({ headers: headers(), contentType: 'application/x-foreign' })],
  ['pickle', aMessage({ headers: headers(), contentType: 'application/x-python-serialize' })],
  [
    'bad compression',
    aMessage({ headers: headers({ compression: 'application/x-gzip' }), body: 'not zlib' }),
  ],
  ['unknown compression', aMessage({ headers: headers({ compression: 'application/x-none' }) })],
  ['kwargs that are a list', aMessage({ headers: headers(), body: `[[], [], ${EMBED}]` })],
  ['no task, and no protocol 1', aMessage({ headers: {}, body: '{"a": 1}' })],
  [
    'too deep',
    aMessage({ headers: headers(), body: `[[${'['.repeat(500)}${']'.repeat(500)}], {}, ${EMBED}]` }),
  ],
  ['a hostile key', aMessage({ headers: headers(), body: `[[{"__proto__": {"x": 1}}], {}, ${EMBED}]` })],
  [
    'an escaped hostile key',
    aMessage({ headers: headers(), body: `[[{"\\u005f_proto__": 1}], {}, ${EMBED}]` }),
  ],
  ['too long', aMessage({ headers: headers(), body: `[["${'x'.repeat(70_000)}"], {}, ${EMBED}]` })],
  [
    'a bomb',
    aMessage({
      headers: headers({ compression: 'application/x-gzip' }),
      body: deflateSync(Buffer.from(`[["${'x'.repeat(1_000_000)}"], {}, ${EMBED}]`)),
    }),
  ],
];

const SMALL = { maxBodyBytes: 65_536, maxDecompressedBytes: 262_144 };

describe('a message that cannot be read', () => {
  it.each(BAD)('%s: is moved whole to quarantine, and the worker goes on', async (_, message) => {
    await using world = await startWorld({ tasks: { 'math.add': () => 4 }, content: SMALL });
    await world.publish(message);
    await world.publish(aMessage({ headers: headers({ id: 'good' }) }));

    await world.until('good', 'SUCCESS');
    const [put] = await world.take('celery.quarantine', 1);

    expect(put?.message.body).toEqual(message.body);
    expect(put?.message).toMatchObject({ contentType: message.contentType, headers: message.headers });
    expect(put?.message.headers).toMatchObject({
      'x-quarantine-queue': 'celery',
      'x-quarantine-time': '2026-11-21T04:18:00.000Z',
      'x-quarantine-reason': expect.stringMatching(/^\P{Cc}{3,}$/u),
    });
    expect(world.lines.filter((line) => line.startsWith('error '))).toHaveLength(1);
    expect(world.broker.held.size).toBe(0);
    expect(await world.broker.size('celery')).toBe(0);
  });

  it('is discarded where the worker is told so', async () => {
    await using world = await startWorld({ tasks: {}, worker: { onMalformed: 'discard' } });
    await world.publish(aMessage({ body: '{{{' }));
    await eventually(() => world.lines.some((line) => line.endsWith('Discarded.')));
    expect(await world.broker.size('celery')).toBe(0);
    expect(await world.broker.size('celery.quarantine')).toBe(0);
  });

  it('comes back after the wait where the worker is told so', async () => {
    await using world = await startWorld({ tasks: {}, worker: { onMalformed: { requeueAfter: '1m' } } });
    await world.publish(aMessage({ body: '{{{' }));
    const seen = () => world.lines.filter((line) => line.includes('Put back for 60s')).length;
    await eventually(() => seen() === 1);
    await world.clock.advance(59_999);
    expect(seen()).toBe(1);
    await world.clock.advance(1);
    await eventually(() => seen() === 2);
  });

  it('is not lost, and makes no hot loop, while the quarantine cannot be reached', async () => {
    let down = true;
    let tries = 0;
    await using world = await startWorld({
      tasks: {},
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (key === 'publish' && down) {
              return () => {
                tries += 1;
                return Promise.reject(new PublishError('celery.quarantine', false, 'down'));
              };
            }
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    await world.publish(aMessage({ body: '{{{' }));
    await eventually(() => tries === 1);
    await world.clock.advance(4_999);
    expect(tries).toBe(1);
    await world.clock.advance(1);
    await eventually(() => tries === 2);
    down = false;
    await world.clock.advance(5_000);
    const [put] = await world.take('celery.quarantine', 1);
    expect(put?.message.body.toString()).toBe('{{{');
  });

  it('keeps headers that the broker cannot write as text', async () => {
    let refused = 0;
    await using world = await startWorld({
      tasks: {},
      wrap: (broker) =>
        new Proxy(broker, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (key === 'publish') {
              return (...[to, message]: Parameters<typeof target.publish>) => {
                if (!Object.hasOwn(message.headers, 'odd')) return target.publish(to, message);
                refused += 1;
                return Promise.reject(new TypeError('cannot write this header'));
              };
            }
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
          },
        }),
    });
    await world.publish(aMessage({ body: '{{{', headers: { odd: 5n } }));
    const [put] = await world.take('celery.quarantine', 1);
    expect(refused).toBe(1);
    expect(put?.message.headers).toMatchObject({ 'x-quarantine-headers': '{"odd":"5"}' });
  });
});

describe('a task nobody has', () => {
  it.each(['no.such.task', 'constructor', '__proto__', 'toString'])(
    '%s: its message goes to quarantine and its caller is told',
    async (task) => {
      await using world = await startWorld({ tasks: { 'no.such.tusk': () => 1 } });
      await world.publish(aMessage({ headers: { task, id: 'an-id' } }));
      const meta = await world.until('an-id', 'FAILURE');
      expect(meta.result).toEqual({
        exc_type: 'NotRegistered',
        exc_message: [task],
        exc_module: 'celery.exceptions',
      });
      const [put] = await world.take('celery.quarantine', 1);
      expect(put?.message.headers['task']).toBe(task);
    },
  );

  it('is named with the one that was probably meant', async () => {
    await using world = await startWorld({ tasks: { 'mail.send': () => 1 } });
    await world.publish(aMessage({ headers: { task: 'mail.sent', id: 'an-id' } }));
    await eventually(() => world.lines.some((line) => line.includes('Did you mean "mail.send"?')));
  });

  it('may be left to workers that have it', async () => {
    await using world = await startWorld({
      tasks: {},
      worker: { onUnknownTask: { requeueAfter: 30 } },
    });
    await world.publish(aMessage({ headers: { task: 'newer', id: 'an-id' } }));
    await eventually(() => world.lines.some((line) => line.includes('Put back for 30s')));
    expect(world.results.stored).toEqual([]);
    expect(world.broker.held.size).toBe(0);
  });
});

it('a task that never ends within its hard limit goes to quarantine, whole, and has failed', async () => {
  let runs = 0;
  await using world = await startWorld({
    tasks: {
      again: {
        acksLate: true,
        acksOnFailureOrTimeout: false,
        timeLimit: '1s',
        run: () => {
          runs += 1;
          return new Promise(() => undefined);
        },
      },
    },
    worker: { maxDeliveries: 3 },
  });
  const id = await world.send('again');
  for (let second = 0; second < 30; second += 1) await world.clock.advance(1_000);
  const [put] = await world.take('celery.quarantine', 1);
  expect(runs).toBe(3);
  expect(put?.message.headers).toMatchObject({
    id,
    'x-quarantine-reason': 'begun 3 times and never ended',
  });
  expect(world.results.last(id)).toMatchObject({
    status: 'FAILURE',
    result: { exc_type: 'WorkerLostError' },
  });
});

it('nothing a message holds can forge a line of the log', async () => {
  await using world = await startWorld({ tasks: { echo: ({ args: [value] }) => value } });
  await world.publish(
    aMessage({
      headers: { task: 'echo', id: 'a\nlog Task forged[b] succeeded', shadow: 'x\u001b[31m\u202e' },
      body: `[["line\\nbreak\\u2028"], {}, ${EMBED}]`,
    }),
  );
  await eventually(
    () => world.worker.status.processed + world.lines.filter((line) => line.includes('Moved')).length > 0,
  );
  for (const line of world.lines) expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}]*$/u);
});
