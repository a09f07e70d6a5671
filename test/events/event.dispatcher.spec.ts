import { describe, expect, it } from 'vitest';
import type { Broker } from '../../lib/broker/broker.js';
import type { CeleryEvent, FieldsOf, TaskEvent, WorkerEvent } from '../../lib/events/event.js';
import { readEvents } from '../../lib/events/event.codec.js';
import { EventDispatcher } from '../../lib/events/event.dispatcher.js';
import { LamportClock } from '../../lib/runtime/lamport.clock.js';
import { recordingLog } from '../broker/recording-log.js';
import { contentOf } from '../message/open-content.js';
import { RecordingBroker } from '../producer/recording.broker.js';
import { FakeClock } from '../support/fake-clock.js';
import { captured, wireOf } from './captured.js';

const content = await contentOf();

function dispatcher(broker: Broker = new RecordingBroker(), tasks = true) {
  const clock = new FakeClock(new Date('2026-11-21T04:18:00.500Z'));
  const log = recordingLog();
  const lamport = new LamportClock();
  const deps = { broker, content, serializer: 'json', hostname: 'w1@vm', lamport, clock, log };
  return { clock, log, lamport, events: new EventDispatcher(deps, tasks) };
}

const SUCCESS: FieldsOf<'task-succeeded'> = { uuid: 'a', result: '3', runtime: 0.5 };

describe('what is told', () => {
  it.each(['5.2.6', '5.6'] as const)(
    'is what Celery %s tells, field for field and in its order',
    async (version) => {
      for (const each of captured(version)) {
        const broker = new RecordingBroker();
        const { events, clock, lamport } = dispatcher(broker);
        for (const event of readEvents(wireOf(each), content).events) {
          while (lamport.value < event.clock - 1) lamport.forward();
          await tellAgain(events, event);
        }
        await events.flush();

        expect(broker.only.target).toMatchObject({ exchange: 'celeryev', routingKey: each.routing_key });
        expect(broker.only.message).toMatchObject({
          contentType: 'application/json',
          headers: { hostname: 'w1@vm' },
          properties: { deliveryMode: 1 },
        });
        const ours = {
          pid: process.pid,
          timestamp: clock.now() / 1000,
          utcoffset: expect.any(Number) as number,
        };
        const theirs: unknown = JSON.parse(each.body);
        expect(broker.body).toEqual(
          Array.isArray(theirs)
            ? theirs.map((item: object) => ({ ...item, ...ours }))
            : { ...(theirs as object), ...ours },
        );
        expect(namesIn(broker.body)).toEqual(namesIn(theirs));
      }
    },
  );

  it('about tasks travels together, after a moment', async () => {
    const broker = new RecordingBroker();
    const { events, clock } = dispatcher(broker);
    events.tellOfTask('task-started', { uuid: 'a' });
    events.tellOfTask('task-succeeded', SUCCESS);
    expect(broker.attempts).toBe(0);

    await clock.advance(10);

    expect(broker.body).toMatchObject([
      { type: 'task-started', clock: 1 },
      { type: 'task-succeeded', clock: 2 },
    ]);
    expect(clock.timers).toBe(0);
  });

  it('about tasks is nothing until it is asked for', async () => {
    const broker = new RecordingBroker();
    const { events, clock, lamport } = dispatcher(broker, false);
    events.tellOfTask('task-succeeded', SUCCESS);
    await events.flush();
    expect([broker.attempts, lamport.value, clock.timers]).toEqual([0, 0, 0]);

    events.tasks = true;
    events.tellOfTask('task-succeeded', SUCCESS);
    await events.flush();

    expect(broker.attempts).toBe(1);
  });
});

describe('while the broker does not take events', () => {
  it('a bounded number waits, later ones are dropped and counted, and the sender never hears of it', async () => {
    let release = (): void => undefined;
    const stalled = new Promise<void>((resolve) => (release = resolve));
    const broker = new RecordingBroker();
    const taken: number[] = [];
    broker.publish = async (_, message) => {
      taken.push((JSON.parse(message.body.toString()) as unknown[]).length);
      await stalled;
    };
    const { events, log } = dispatcher(broker);

    for (let sent = 0; sent < 20_000; sent += 1) events.tellOfTask('task-succeeded', SUCCESS);

    expect(taken).toEqual(Array.from({ length: 8 }, () => 100));
    expect(events.dropped).toBe(20_000 - 10_000 - 800);
    release();
    await events.flush();
    expect(taken.reduce((sum, count) => sum + count)).toBe(10_800);
    expect(log.lines).toEqual([`warn Monitors hear events again; they missed ${events.dropped}`]);
  });

  it('the end is not held up for long', async () => {
    const broker = new RecordingBroker();
    broker.publish = () => new Promise(() => undefined);
    const { events, clock } = dispatcher(broker);
    events.tellOfTask('task-succeeded', SUCCESS);
    void events.tell('worker-offline', STATE);
    let flushed = false;
    const flushing = events.flush().then(() => (flushed = true));
    await clock.advance(1_999);
    expect(flushed).toBe(false);
    await clock.advance(1);

    await flushing;
    expect(clock.timers).toBe(0);
  });

  it('the end is held up once only: what was waited for in vain is not waited for again', async () => {
    const broker = new RecordingBroker();
    broker.publish = () => new Promise(() => undefined);
    const { events, clock } = dispatcher(broker);
    void events.tell('worker-offline', STATE);
    const flushing = events.flush();
    await clock.advance(2_000);
    await flushing;
    const again = events.flush();
    await clock.advance(0);
    await again;
    expect(clock.timers).toBe(0);
  });

  it('a refused message is dropped and said once', async () => {
    const broker = new RecordingBroker([new Error('no permission'), new Error('no permission')]);
    const { events, log } = dispatcher(broker);

    await events.tell('worker-online', STATE);
    await events.tell('worker-heartbeat', STATE);
    await events.tell('worker-heartbeat', STATE);

    expect(events.dropped).toBe(2);
    expect(log.lines).toEqual([
      'warn Monitors miss events: no permission',
      'warn Monitors hear events again; they missed 2',
    ]);
  });
});

describe('the Lamport clock', () => {
  it('runs ahead of whatever it hears, and lets nonsense pass', () => {
    const lamport = new LamportClock();
    lamport.adjust(41);
    expect(lamport.value).toBe(42);
    lamport.adjust(3);
    expect(lamport.value).toBe(43);
    for (const nonsense of [Number.MAX_SAFE_INTEGER, 1e300, Infinity, NaN, 1.5, '9', null, undefined, [9]])
      lamport.adjust(nonsense);

    expect(lamport.forward()).toBe(44);
  });
});

const STATE: FieldsOf<'worker-online'> = {
  freq: 2,
  active: 0,
  processed: 0,
  loadavg: [1, 1, 1],
  sw_ident: 'test',
  sw_ver: '1',
  sw_sys: 'Linux',
};

async function tellAgain(events: EventDispatcher, event: CeleryEvent): Promise<void> {
  const { hostname: _1, utcoffset: _2, pid: _3, clock: _4, timestamp: _5, type, ...fields } = event;
  if (type.startsWith('task-')) events.tellOfTask(type as TaskEvent['type'], fields as never);
  else await events.tell(type as WorkerEvent['type'], fields as never);
}

function namesIn(body: unknown): string[] {
  return (Array.isArray(body) ? body : [body]).flatMap((item: object) => Object.keys(item));
}
