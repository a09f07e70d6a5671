import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PIDBOX_EXCHANGE, REPLY_EXCHANGE, replyQueue } from '../../lib/control/pidbox.js';
import { EventDispatcher } from '../../lib/events/event.dispatcher.js';
import { LamportClock } from '../../lib/runtime/lamport.clock.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { aMessage } from '../support/a-message.js';
import { eventually } from '../support/eventually.js';
import { FakeClock } from '../support/fake-clock.js';
import { Inbox } from '../support/inbox.js';
import { controlled } from './control.world.js';

type Controlled = Awaited<ReturnType<typeof controlled>>;

/** Workers of these names on one broker and one clock. */
async function fleet(...names: readonly string[]) {
  const clock = new FakeClock(new Date('2026-11-21T04:18:00.000Z'));
  const url = `memory://${randomUUID()}`;
  const ran: string[] = [];
  const opened: Controlled[] = [];
  const join = async (name: string): Promise<Controlled> => {
    const tasks = { mark: () => void ran.push(name), slow: () => new Promise<never>(() => undefined) };
    const worker = { hostname: `${name}@vm`, gossip: true, mingle: true, heartbeatInterval: 2 };
    opened.push(await controlled({ url, clock, tasks, worker }));
    await clock.advance(10);
    return opened.at(-1) as Controlled;
  };
  for (const name of names) await join(name);
  return {
    clock,
    url,
    ran,
    join,
    opened,
    async [Symbol.asyncDispose]() {
      for (const each of opened.toReversed()) await each[Symbol.asyncDispose]();
    },
  };
}

describe('workers that join', () => {
  it('learn what is revoked, and tell what they know', async () => {
    await using f = await fleet('w1');
    const [w1] = f.opened;
    await w1?.control.ask('revoke', { task_id: 'early' }, { destination: 'w1@vm' });
    const w2 = await f.join('w2');
    await eventually(async () => {
      await f.clock.advance(1_000);
      return w2.lines.some((line) => line.includes('w2@vm has met 1 other worker'));
    });

    const [reply] = await w2.control.inspect({ destination: 'w2@vm' }).revoked();

    expect(reply?.value).toEqual(['early']);
  });

  it('learn which workflows and stamps are revoked', async () => {
    await using f = await fleet('w1');
    const [w1] = f.opened;
    const at = { destination: 'w1@vm' };
    await w1?.control.ask('revoke', { task_id: 'first', root_id: 'first' }, at);
    await w1?.control.ask('revoke_by_stamped_headers', { headers: { tenant: 'x' } }, at);
    const w2 = await f.join('w2');
    await eventually(async () => {
      await f.clock.advance(1_000);
      return w2.lines.some((line) => line.includes('w2@vm has met 1 other worker'));
    });

    const [reply] = await w2.control.ask('hello', { from_node: 'w3@vm' }, { destination: 'w2@vm' });

    expect(reply?.value).toMatchObject({ revoked_roots: ['first'], revoked_stamps: { tenant: ['x'] } });
    const [odd] = await w2.control.ask(
      'hello',
      { from_node: 'w3@vm', revoked_roots: { a: 1 }, revoked_stamps: { run: 'b' } },
      { destination: 'w2@vm' },
    );
    expect(odd?.value).toMatchObject({ revoked_roots: ['first'], revoked_stamps: { tenant: ['x'] } });
  });

  it('answer the hello of a Python worker in the form it reads', async () => {
    await using f = await fleet('w1');
    const w1 = f.opened[0] as Controlled;
    const ask = (args: object) => w1.control.ask('hello', { ...args }, { destination: 'w1@vm' });
    const [mine] = await ask({ from_node: 'py@vm', revoked: { theirs: 1672.144480729 } });

    const { revoked, clock } = (mine?.value ?? {}) as { revoked: Record<string, number>; clock: number };
    expect(clock).toBeGreaterThan(0);
    expect(Object.keys(revoked)).toEqual(['theirs']);
    // Python refuses whole numbers, which its JSON reads as integers.
    expect(JSON.stringify(revoked['theirs'])).toMatch(/^\d+\.\d+$/);
    expect(await ask({ from_node: 'w1@vm' })).toMatchObject([{ value: null }]);
    expect(await ask({ from_node: 7, revoked: 'nonsense' })).toMatchObject([{ error: undefined }]);
  });
});

describe('an election', () => {
  const action = { task: 'mark', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };

  it('has one of the workers send the task', async () => {
    await using f = await fleet('w1', 'w2', 'w3');
    const w1 = f.opened[0] as Controlled;
    await f.clock.advance(4_000);
    await w1.control.fleet().election('e1', 'task', action);
    await f.clock.advance(2_000);

    await eventually(() => f.ran.length > 0);
    await f.clock.advance(2_000);
    expect(f.ran).toHaveLength(1);
    const lines = f.opened.flatMap((each) => each.lines);
    expect(lines.filter((line) => line === 'log This worker was elected for e1')).toHaveLength(1);
    expect(lines.filter((line) => line.endsWith('was elected for e1'))).toHaveLength(3);
  });

  it('on an unknown topic, or for no task, does nothing', async () => {
    await using f = await fleet('w1', 'w2');
    await f.clock.advance(4_000);
    await f.opened[0]?.control.fleet().election('e1', 'weather', action);
    await f.opened[0]?.control.fleet().election('e2', 'task', 'nonsense');
    await f.clock.advance(2_000);

    expect(f.ran).toEqual([]);
    const lines = f.opened.flatMap((each) => each.lines);
    expect(lines.filter((line) => line.startsWith('warn Elected for'))).toHaveLength(2);
  });

  it('that is told in nonsense harms nobody', async () => {
    await using f = await fleet('w1');
    const w1 = f.opened[0] as Controlled;
    const { broker, content, clock } = w1;
    const stranger = {
      broker,
      content,
      serializer: 'json',
      hostname: 'x@vm',
      lamport: new LamportClock(),
      clock,
      log: silentLog,
    };
    const events = new EventDispatcher(stranger, false);
    await events.tell('worker-elect-ack', { id: 'never-heard-of' });
    await events.tell('worker-elect', { id: null, topic: [], action: undefined, cver: 'x' } as never);
    await broker.publish({ exchange: 'celeryev', routingKey: 'worker.elect' }, aMessage({ body: '[[[' }));
    await clock.advance(100);

    expect(await w1.ask('ping')).toBe('pong');
  });
});

describe('a mailbox', () => {
  const target = { exchange: PIDBOX_EXCHANGE.name, routingKey: '', exchangeDeclaration: PIDBOX_EXCHANGE };

  it('lets pass what is no command, or not for this worker, and counts it', async () => {
    await using world = await controlled({ tasks: {} });
    for (const body of ['{', '[]', '{"method": 7}', '{"method": "ping", "destination": ["other@vm"]}'])
      await world.broker.publish(target, aMessage({ body }));
    await world.clock.advance(0);

    expect(await world.ask('ping')).toBe('pong');
    expect(await world.ask('stats')).toMatchObject({ control: { handled: 2, ignored: 4, dropped: 0 } });
  });

  it('writes replies nowhere but where replies go', async () => {
    await using world = await controlled({ tasks: {} });
    const inbox = new Inbox();
    await world.broker.consume([replyQueue('me')], { prefetch: 0, noAck: true, onDelivery: inbox.receive });
    const ping = (exchange: string, key: string) =>
      world.broker.publish(
        target,
        aMessage({
          body: JSON.stringify({ method: 'ping', ticket: 't', reply_to: { exchange, routing_key: key } }),
        }),
      );
    await ping('', 'celery');
    await ping('celeryev', 'me');
    await ping(REPLY_EXCHANGE.name, 'nobody');
    await ping(REPLY_EXCHANGE.name, 'me');
    const { message } = await inbox.next();

    expect(message.headers).toMatchObject({ ticket: 't' });
    expect(inbox.received).toBe(1);
    expect(await world.broker.size('celery')).toBe(0);
  });
});
