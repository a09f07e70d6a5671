import { describe, expect, it } from 'vitest';
import type { ResultBackend, TaskMeta } from '../../lib/backend/result-backend.js';
import { settledResult, type EagerOutcome } from '../../lib/client/eager.js';
import { TaskClient } from '../../lib/client/task.client.js';
import { TaskContext } from '../../lib/context/task.context.js';
import { decodeTaskMessage } from '../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { KnownTasks } from '../../lib/task/known-tasks.js';
import { TASK_METADATA, TASKS_METADATA } from '../../lib/task/task.metadata.js';
import type { TaskOptions, TasksOptions } from '../../lib/task/task.options.js';
import { TaskRegistry } from '../../lib/task/task.registry.js';
import { openProducer } from '../producer/world.js';
import { taskDefaults } from '../task/defaults.js';

/** Decorators that leave the same marks as the library's, without Nest. */
const Task =
  (options: TaskOptions = {}): MethodDecorator =>
  (_target, _key, descriptor) =>
    Reflect.defineMetadata(TASK_METADATA, options, descriptor.value as object);
const Tasks =
  (options: TasksOptions): ClassDecorator =>
  (target) =>
    Reflect.defineMetadata(TASKS_METADATA, options, target);

@Tasks({ prefix: 'mail', queue: 'mail' })
class MailTasks {
  @Task({ expires: 60 })
  send(to: string, subject: string, retries = 3): string {
    return `${to} ${subject} ${retries}`;
  }
  @Task()
  bound(_task: TaskContext, to: string): string {
    return to;
  }
  @Task({ typing: false })
  loose(to: string): string {
    return to;
  }
  @Task({ name: 'audit.note' })
  note(result: string, text: string): string {
    return result + text;
  }
  @Task()
  toJSON(): void {}
  plain(): void {}
  readonly field = 1;
}

interface Wish {
  readonly eager?: (message: WireMessage) => Promise<EagerOutcome>;
  readonly propagates?: boolean;
  readonly backend?: ResultBackend;
  readonly failures?: Error[];
}

async function openClient(wish: Wish = {}) {
  const tasks = new KnownTasks(new TaskRegistry(), taskDefaults());
  const { backend, failures = [] } = wish;
  const replyTo = backend?.replyTo === undefined ? {} : { replyTo: backend.replyTo };
  const world = await openProducer({ tasks, failures, ...replyTo });
  const asked: { id: string; backend: ResultBackend | undefined }[] = [];
  const { eager } = wish;
  const client = new TaskClient({
    producer: world.producer,
    tasks,
    backend,
    resultOf: (id, from) => {
      asked.push({ id, backend: from });
      return { id } as never;
    },
    resultOfNode: (node) => node as never,
    eager:
      eager === undefined
        ? undefined
        : { runs: (name) => name.startsWith('mail.'), results: NO_RESULTS, run: eager },
    config: { taskAlwaysEager: eager !== undefined, taskEagerPropagates: wish.propagates === true },
    backendTimeoutMs: 4_000,
    clock: world.clock,
  });
  return { ...world, client, asked };
}

const NO_RESULTS = settledResult({ taskId: 'nobody' } as TaskMeta);

describe('handles on a class', () => {
  it('send under the declared name, to the declared queue, with the declared options', async () => {
    const { client, broker } = await openClient();

    const result = await client.of(MailTasks).send.delay('a@b.c', 'hi');

    expect(broker.message.headers).toMatchObject({
      task: 'mail.send',
      id: result.id,
      argsrepr: "('a@b.c', 'hi')",
    });
    expect(broker.only.target.routingKey).toBe('mail');
    expect(broker.message.properties.expiration).toBe('60000');
    expect(broker.body).toMatchObject([['a@b.c', 'hi'], {}, {}]);
  });

  it('send with calling options, callbacks among them', async () => {
    const { client, broker } = await openClient();
    const mail = client.of(MailTasks);

    await mail.send.applyAsync(['a', 'hi', 1], {
      countdown: '10s',
      queue: 'urgent',
      taskId: 'an-id',
      link: mail.note.s('sent'),
    });

    expect(broker.only.target.routingKey).toBe('urgent');
    expect(broker.message.headers).toMatchObject({ id: 'an-id', eta: '2026-11-21T04:18:11.906000+00:00' });
    expect(broker.body).toMatchObject([
      ['a', 'hi', 1],
      {},
      { callbacks: [{ task: 'audit.note', args: ['sent'] }] },
    ]);
  });

  it('make signatures that send nothing', async () => {
    const { client, broker } = await openClient();
    const mail = client.of(MailTasks);

    expect(mail.note.s('sent')).toEqual({
      kind: 'task',
      task: 'audit.note',
      args: ['sent'],
      kwargs: {},
      options: {},
      immutable: false,
    });
    expect(mail.send.si('a', 'b')).toMatchObject({ task: 'mail.send', args: ['a', 'b'], immutable: true });
    expect(broker.attempts).toBe(0);
  });

  it('leave the TaskContext to the worker', async () => {
    const { client, broker } = await openClient();

    await client.of(MailTasks).bound.delay('to');

    expect(broker.body).toMatchObject([['to'], {}, {}]);
  });

  it('are the same object each time, and are no promise and no JSON', async () => {
    const { client } = await openClient();
    const mail = client.of(MailTasks);

    expect(mail.send).toBe(mail.send);
    expect(mail.send.name).toBe('mail.send');
    expect(await Promise.resolve(mail)).toBe(mail);
    expect(JSON.stringify(mail)).toBe('{}');
    expect(Reflect.get(mail, Symbol.iterator)).toBeUndefined();
    for (const key of ['then', 'toJSON', 'constructor', 'toString', '__proto__', 'field', 'nothing']) {
      expect(Reflect.get(mail, key), key).toBeUndefined();
    }
  });

  it('say of a method without @Task() what is missing', async () => {
    const { client } = await openClient();

    expect(() => client.of(MailTasks).plain).toThrow(
      'MailTasks.plain: is not a task. Put @Task() on the method.',
    );
  });
});

describe('arguments that do not fit', () => {
  it.each<[(client: TaskClient) => Promise<unknown>, string]>([
    [
      (client) => client.applyAsync('mail.send', { args: ['a'] }),
      "mail.send: send() missing 1 required positional argument: 'subject'",
    ],
    [
      (client) => client.applyAsync('mail.send', { args: ['a', 'b', 1, 2] }),
      'mail.send: send() takes from 2 to 3 positional arguments but 4 were given',
    ],
    [
      (client) => client.applyAsync('mail.send', { args: ['a'], kwargs: { subjct: 'b' } }),
      "mail.send: send() got an unexpected keyword argument 'subjct'",
    ],
    [
      (client) => client.of(MailTasks).send.delay(...(['a'] as unknown as [string, string])),
      "mail.send: send() missing 1 required positional argument: 'subject'",
    ],
    [
      (client) => client.applyAsync(client.of(MailTasks).note.si('a', 'b'), { args: [] as never, queue: '' }),
      'options.queue: expected a text',
    ],
  ])('are refused before anything is sent', async (call, message) => {
    const { client, broker } = await openClient();
    void client.of(MailTasks).send;

    await expect(call(client)).rejects.toThrow(message);

    expect(broker.attempts).toBe(0);
  });

  it('pass where the task says so, and where the task is not known here', async () => {
    const { client, broker } = await openClient();
    void client.of(MailTasks).loose;

    await client.applyAsync('mail.loose');
    await client.applyAsync('py.anything', { args: [1, 2, 3] });
    await client.of<MailTasks>('other').send.delay(...(['a'] as unknown as [string, string]));

    expect(broker.published.map(({ message }) => message.headers['task'])).toEqual([
      'mail.loose',
      'py.anything',
      'other.send',
    ]);
  });
});

describe('calls by name', () => {
  it('carry args, kwargs and options, also as apply_async', async () => {
    const { client, broker } = await openClient();

    await client.applyAsync('py.close', { args: [1], kwargs: { month: 9 }, queue: 'py' });
    const { apply_async } = client;
    await apply_async('py.close', { priority: 3 });

    const [first, second] = broker.published;
    expect(JSON.parse(String(first?.message.body))).toMatchObject([[1], { month: 9 }, {}]);
    expect(first?.target.routingKey).toBe('py');
    expect(second?.message.properties.priority).toBe(3);
  });

  it('and signatures by name complete and send', async () => {
    const { client, broker } = await openClient();
    const signature = client.signature('py.add', { args: [2], queue: 'py' });

    await client.applyAsync(signature, { args: [1], kwargs: { k: 1 }, priority: 5 });

    expect(broker.body).toMatchObject([[1, 2], { k: 1 }, {}]);
    expect(broker.only.target.routingKey).toBe('py');
    expect(broker.message.properties.priority).toBe(5);
  });

  it('give the handle on their result, and on any result by its id', async () => {
    const { client, asked, broker } = await openClient();

    const sent = await client.applyAsync('py.add');
    client.result('earlier');

    expect(asked).toEqual([
      { id: sent.id, backend: undefined },
      { id: 'earlier', backend: undefined },
    ]);
    expect(broker.message.headers['id']).toBe(sent.id);
  });
});

describe('a call from inside a task', () => {
  it('belongs to that task, which lists it among its children', async () => {
    const { client, broker, content, producer } = await openClient();
    const { message } = producer.plan(
      client.signature('outer'),
      { taskId: 'outer-id', rootId: 'root' },
      undefined,
    );
    const children: string[] = [];
    const context = new TaskContext(
      decodeTaskMessage(producer.encode(message), content),
      { exchange: '', routingKey: 'celery', queue: 'celery', redelivered: false, priority: 0 },
      'celery@vm',
      3,
      new AbortController().signal,
      false,
      {
        updateState: async () => undefined,
        send: async () => ({ id: '' }) as never,
        addToChord: async () => ({ id: '' }) as never,
        childSent: ({ id }) => children.push(id),
        escaped: () => 'ended',
      },
    );

    const { id } = await context.run(() => client.applyAsync('inner'));

    expect(broker.message.headers).toMatchObject({ root_id: 'root', parent_id: 'outer-id' });
    expect(children).toEqual([id]);
  });
});

describe('results that travel as messages', () => {
  const meta: TaskMeta = {
    taskId: 'an-id',
    status: 'SUCCESS',
    result: 1,
    traceback: undefined,
    children: undefined,
    dateDone: undefined,
    groupId: undefined,
    parentId: undefined,
    extended: undefined,
  };

  function rpc(connect: () => Promise<void>): ResultBackend {
    return { ...settledResult(meta), replyTo: 'replies', connect };
  }

  it('have their queue stand before the first task is sent, once', async () => {
    let connects = 0;
    const backend = rpc(async () => void (connects += 1));
    const { client, broker } = await openClient({ backend });

    await client.applyAsync('a');
    await client.applyAsync('a');

    expect(connects).toBe(1);
    expect(broker.published.map(({ message }) => message.properties.replyTo)).toEqual(['replies', 'replies']);
  });

  it('do not hold up tasks whose result nobody wants', async () => {
    const { client, broker } = await openClient({ backend: rpc(() => new Promise(() => undefined)) });

    await client.applyAsync('a', { ignoreResult: true });

    expect(broker.published.length).toBe(1);
  });

  it('that cannot come in time refuse the call, and the next call tries again', async () => {
    let connects = 0;
    const backend = rpc(
      () => ((connects += 1), connects === 1 ? new Promise(() => undefined) : Promise.resolve()),
    );
    const { client, clock, broker } = await openClient({ backend });

    const refused = expect(client.applyAsync('a')).rejects.toThrow(
      'Result backend eager:// cannot be reached',
    );
    await clock.advance(4_000);
    await refused;
    expect(broker.attempts).toBe(0);

    await client.applyAsync('a');
    expect(broker.published.length).toBe(1);
  });
});

describe('taskAlwaysEager', () => {
  const success: EagerOutcome = {
    meta: {
      taskId: 'an-id',
      status: 'SUCCESS',
      result: 42,
      traceback: undefined,
      children: undefined,
      dateDone: undefined,
      groupId: undefined,
      parentId: undefined,
      extended: undefined,
    },
    error: undefined,
  };

  it('runs the task here, from the bytes a worker would get', async () => {
    const ran: unknown[] = [];
    const { client, broker, asked } = await openClient({
      eager: async (message) => {
        ran.push(message.headers['task'], JSON.parse(message.body.toString()));
        return success;
      },
    });

    await client.of(MailTasks).send.applyAsync(['a', 'b'], { taskId: 'an-id' });

    expect(ran).toMatchObject(['mail.send', [['a', 'b'], {}, {}]]);
    expect(broker.attempts).toBe(0);
    expect(asked[0]?.id).toBe('an-id');
    expect(await asked[0]?.backend?.get('an-id')).toMatchObject({ status: 'SUCCESS', result: 42 });
  });

  it('sends tasks that other processes run', async () => {
    const { client, broker } = await openClient({ eager: async () => success });

    await client.applyAsync('py.add');

    expect(broker.message.headers['task']).toBe('py.add');
  });

  it.each([true, false])('throws what the task threw, if it propagates: %s', async (propagates) => {
    const error = new Error('smtp is down');
    const { client } = await openClient({ eager: async () => ({ ...success, error }), propagates });

    const sent = client.of(MailTasks).send.delay('a', 'b');

    if (propagates) await expect(sent).rejects.toBe(error);
    else await expect(sent).resolves.toMatchObject({ id: expect.any(String) as unknown });
  });
});
