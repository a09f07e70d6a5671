import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../lib/canvas/call.options.js';
import { readApplyOptions } from '../../lib/canvas/read-call-options.js';
import { makeSignature } from '../../lib/canvas/signature.js';
import type { SignatureDict } from '../../lib/message/signature.js';
import { decodeTaskMessage } from '../../lib/message/task-message.codec.js';
import { aTask, openProducer } from './world.js';

const call = (
  task: string,
  args: readonly unknown[] = [],
  kwargs: Record<string, unknown> = {},
  options: CallOptions = {},
) => makeSignature(task, { args, kwargs, options, immutable: false });

/** Of the clock in these tests. */
const SENT_MS = Date.parse('2026-11-21T04:18:01.906Z');
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NO_EMBED = { callbacks: null, errbacks: null, chain: null, chord: null };

/** Every header of Celery 5.6, as it writes a call without options. Captured. */
const PLAIN_HEADERS = {
  lang: 'py',
  shadow: null,
  eta: null,
  expires: null,
  group: null,
  group_index: null,
  retries: 0,
  timelimit: [null, null],
  parent_id: null,
  argsrepr: '(1,)',
  kwargsrepr: '{}',
  ignore_result: false,
  replaced_task_nesting: 0,
  stamped_headers: null,
  stamps: {},
};

describe("Celery 5.6's own messages", () => {
  it('countdown, expires, priority and a header: the same, but for the language', async () => {
    const { producer, broker } = await openProducer({ replyTo: '026979f3-5130-3ea6-bf40-44ee8ca98ddd' });
    const options = readApplyOptions({
      countdown: 1,
      expires: 30,
      priority: 4,
      headers: { 'x-h': 1 },
      taskId: 'a-add',
    });

    await producer.send(call('tw.add', [1, 2]), options);

    expect(broker.only.target).toMatchObject({
      exchange: '',
      routingKey: 'celery',
      queue: { name: 'celery' },
    });
    expect(broker.message).toEqual({
      body: expect.any(Buffer) as unknown,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      properties: {
        correlationId: 'a-add',
        replyTo: '026979f3-5130-3ea6-bf40-44ee8ca98ddd',
        deliveryMode: 2,
        priority: 4,
        expiration: '30000',
        sentMs: SENT_MS,
      },
      headers: {
        ...PLAIN_HEADERS,
        lang: 'js',
        task: 'tw.add',
        id: 'a-add',
        eta: '2026-11-21T04:18:02.906000+00:00',
        expires: '2026-11-21T04:18:31.906000+00:00',
        root_id: 'a-add',
        argsrepr: '(1, 2)',
        origin: 'gen6970@vm',
        'x-h': 1,
      },
    });
    expect(broker.body).toEqual([[1, 2], {}, NO_EMBED]);
  });

  it.each<[string, readonly unknown[], Record<string, unknown>, CallOptions, object, object]>([
    [
      'eta and expires as instants',
      [1],
      {},
      readApplyOptions({
        eta: '2030-01-02T03:04:05',
        expires: new Date('2031-01-01T00:00:00Z'),
        taskId: 't2',
      }),
      {
        id: 't2',
        root_id: 't2',
        eta: '2030-01-02T03:04:05.000000+00:00',
        expires: '2031-01-01T00:00:00.000000+00:00',
      },
      { correlationId: 't2', expiration: '129757318094' },
    ],
    [
      'headers, shadow, limits, reply_to',
      [1],
      { y: 2 },
      readApplyOptions({
        taskId: 't3',
        shadow: 'sh',
        timeLimit: 10,
        softTimeLimit: 5,
        ignoreResult: true,
        replyTo: 'myreply',
        headers: { 'x-foo': 'bar' },
      }),
      {
        id: 't3',
        shadow: 'sh',
        timelimit: [10, 5],
        root_id: 't3',
        kwargsrepr: "{'y': 2}",
        ignore_result: true,
        'x-foo': 'bar',
      },
      { correlationId: 't3', replyTo: 'myreply' },
    ],
  ])('%s', async (_what, args, kwargs, options, headers, properties) => {
    const { producer, broker } = await openProducer();

    await producer.send(call('tw.add', args, kwargs), options);

    expect(broker.message.headers).toEqual({
      ...PLAIN_HEADERS,
      lang: 'js',
      task: 'tw.add',
      origin: 'gen6970@vm',
      ...headers,
    });
    expect(broker.message.properties).toEqual({
      deliveryMode: 2,
      priority: 0,
      sentMs: SENT_MS,
      ...properties,
    });
    expect(broker.body).toEqual([args, kwargs, NO_EMBED]);
  });

  it('callbacks, errbacks, chain and chord ride in the body', async () => {
    const { producer, broker } = await openProducer();
    const step: SignatureDict = {
      task: 'tw.tsum',
      args: [],
      kwargs: {},
      options: { task_id: 'U4', reply_to: 'U3', group_id: 'U2' },
      subtask_type: null,
      immutable: false,
    };

    await producer.send(call('tw.add', [1, 2]), {
      groupId: 'U2',
      groupIndex: 0,
      chord: step,
      link: [step],
      linkError: [step],
      chain: [step],
    });

    expect(broker.message.headers).toMatchObject({ group: 'U2', group_index: 0 });
    expect(broker.body).toEqual([
      [1, 2],
      {},
      { callbacks: [step], errbacks: [step], chain: [step], chord: step },
    ]);
  });
});

describe('a call', () => {
  it('gets an id of its own, which is its root', async () => {
    const { producer, broker } = await openProducer();

    const sent = await producer.send(call('tw.add'));

    expect(sent).toEqual({ id: expect.stringMatching(UUID4) as unknown, groupId: undefined });
    expect(broker.message.headers).toMatchObject({ id: sent.id, root_id: sent.id, parent_id: null });
  });

  it('from inside a task belongs to it', async () => {
    const { producer, broker } = await openProducer();

    await producer.send(call('tw.add'), {}, { id: 'parent', rootId: 'root', priority: 7 });

    expect(broker.message.headers).toMatchObject({ root_id: 'root', parent_id: 'parent' });
    expect(broker.message.properties.priority).toBe(0);
  });

  it('inherits the priority of its task by option, unless it has one', async () => {
    const { producer, broker } = await openProducer({ options: { taskInheritParentPriority: true } });
    const parent = { id: 'parent', rootId: 'root', priority: 7 };

    await producer.send(call('tw.add'), {}, parent);
    await producer.send(call('tw.add'), { priority: 2 }, parent);

    expect(broker.published.map(({ message }) => message.properties.priority)).toEqual([7, 2]);
  });

  it('takes options from the call, the signature, the task, the route and the settings, in this order', async () => {
    const { producer, broker } = await openProducer({
      options: {
        taskRoutes: { 'mail.*': { queue: 'routed', priority: 2, compression: 'gzip' } },
        taskDefaultPriority: 1,
      },
      tasks: [
        aTask('mail.send', { queue: 'own', expires: 10, timeLimit: 60, ignoreResult: true }),
        aTask('mail.fetch'),
      ],
    });

    await producer.send(call('mail.send', [], {}, { expiresInMs: 5_000 }), { timeLimitSeconds: 30 });
    await producer.send(call('mail.send', [], {}, { queue: 'signed' }), { queue: 'called' });
    await producer.send(call('mail.fetch'));
    await producer.send(call('other'));

    const [first, second, third, fourth] = broker.published;
    expect(first?.target.routingKey).toBe('own');
    expect(first?.message.headers).toMatchObject({ timelimit: [30, null], ignore_result: true });
    expect(first?.message.properties).toMatchObject({ expiration: '5000', priority: 2 });
    expect(first?.message.headers['compression']).toBe('application/x-gzip');
    expect(second?.target.routingKey).toBe('called');
    expect(second?.message.properties.expiration).toBe('10000');
    expect(third?.target.routingKey).toBe('routed');
    expect(fourth?.target.routingKey).toBe('celery');
    expect(fourth?.message.properties.priority).toBe(1);
  });

  it("carries the task's own time limits, not the settings of the process", async () => {
    const { producer, broker } = await openProducer({ tasks: [aTask('a', { softTimeLimit: '1.5s' })] });

    await producer.send(call('a'));

    expect(broker.message.headers['timelimit']).toEqual([null, 1.5]);
  });

  it('that has expired already is sent with an expiration of 0', async () => {
    const { producer, broker } = await openProducer();

    await producer.send(call('a'), { expiresAtMs: 0 });

    expect(broker.message.properties.expiration).toBe('0');
  });

  it('carries its stamps by name', async () => {
    const { producer, broker } = await openProducer();

    await producer.send(call('a', [], {}, { stamps: { trace: 't' } }), { stamps: { tenant: 'x' } });

    expect(broker.message.headers).toMatchObject({
      stamped_headers: ['tenant', 'trace'],
      stamps: { tenant: 'x', trace: 't' },
    });
  });

  it.each([
    [true as const, '...', '...'],
    [(args: readonly unknown[]) => `to ${String(args[0])}`, 'to a', '...'],
  ])('hides arguments that its task hides', async (argsrepr, shown, kwargsShown) => {
    const { producer, broker } = await openProducer({ tasks: [aTask('mail.send', { argsrepr })] });

    await producer.send(call('mail.send', ['a', 'secret'], { card: '4111' }));

    expect(broker.message.headers).toMatchObject({ argsrepr: shown, kwargsrepr: kwargsShown });
  });

  it('is transient by setting', async () => {
    const { producer, broker } = await openProducer({ options: { taskDefaultDeliveryMode: 'transient' } });

    await producer.send(call('a'));

    expect(broker.message.properties.deliveryMode).toBe(1);
  });

  it.each([
    [call('two words'), {}, 'task: expected a task name'],
    [call(''), {}, 'task: expected a task name'],
    [call('a'), { serializer: 'pickle' }, 'pickle'],
    [call('a', [() => 1]), {}, 'serialized'],
  ])('that cannot be sent is refused before anything is', async (wrong, options, message) => {
    const { producer, broker } = await openProducer();

    await expect(producer.send(wrong, options)).rejects.toThrow(message);

    expect(broker.attempts).toBe(0);
  });
});

describe('a dictionary from the wire', () => {
  const dict = (more: Partial<SignatureDict>): SignatureDict => ({
    task: 'tw.add',
    args: [2],
    kwargs: {},
    options: { task_id: 'next', queue: 'q', root_id: 'old', countdown: 1 },
    subtask_type: null,
    immutable: false,
    ...more,
  });
  const parent = { id: 'parent', rootId: 'root', priority: 3 };

  it('is sent with the result in front, as a child of the task that completed', async () => {
    const { producer, broker } = await openProducer();
    const rest = dict({ task: 'tw.last' });

    const sent = await producer.sendDict(dict({}), ['result'], { chain: [rest] }, parent);

    expect(sent.id).toBe('next');
    expect(broker.only.target.routingKey).toBe('q');
    expect(broker.message.headers).toMatchObject({
      id: 'next',
      root_id: 'root',
      parent_id: 'parent',
      eta: '2026-11-21T04:18:02.906000+00:00',
    });
    expect(broker.body).toEqual([['result', 2], {}, { ...NO_EMBED, chain: [rest] }]);
  });

  it('that is immutable takes no result', async () => {
    const { producer, broker } = await openProducer();

    await producer.sendDict(dict({ immutable: true }), ['result'], {}, parent);

    expect(broker.body).toEqual([[2], {}, NO_EMBED]);
  });
});

it('what a producer writes, a worker reads', async () => {
  const { producer, broker, content } = await openProducer({ content: { taskCompression: 'gzip' } });

  const { message } = producer.plan(
    call('tw.add', [1, 'é'], { k: null }),
    { etaMs: 1_000, stamps: { a: 1 } },
    undefined,
  );
  await producer.send(call('tw.add', [1, 'é'], { k: null }), {
    etaMs: 1_000,
    stamps: { a: 1 },
    taskId: message.id,
  });

  expect(decodeTaskMessage(broker.message, content)).toEqual({
    ...message,
    compression: 'application/x-gzip',
  });
});
