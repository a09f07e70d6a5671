import { expect, it } from 'vitest';
import { EventDispatcher } from '../../lib/events/event.dispatcher.js';
import { EventReceiver } from '../../lib/events/event.receiver.js';
import { LamportClock } from '../../lib/runtime/lamport.clock.js';
import { MemoryBroker } from '../../lib/broker/memory/memory.broker.js';
import { recordingLog } from '../broker/recording-log.js';
import { contentOf } from '../message/open-content.js';
import { aMessage } from '../support/a-message.js';
import { FakeClock } from '../support/fake-clock.js';

const content = await contentOf();

function memoryWorld() {
  const clock = new FakeClock();
  const log = recordingLog();
  const broker = MemoryBroker.open({
    urls: ['memory://'],
    publishTimeoutMs: 30_000,
    connectTimeoutMs: 4_000,
    heartbeatSeconds: 20,
    transportOptions: {},
    tls: undefined,
    clientName: 'test',
    clock,
    log,
  });
  const lamport = new LamportClock();
  const receiver = new EventReceiver({ broker, content, lamport, log });
  const worker = {
    broker,
    content,
    serializer: 'json',
    hostname: 'w1@vm',
    lamport: new LamportClock(),
    clock,
    log,
  };
  return { clock, log, broker, lamport, receiver, dispatcher: new EventDispatcher(worker, true) };
}

it('hears events by their type, and keeps its clock ahead of them', async () => {
  const { clock, receiver, dispatcher, lamport, broker } = memoryWorld();
  const heard: string[] = [];
  receiver.on('task-succeeded', ({ uuid, result }) => void heard.push(`${uuid} = ${result}`));
  receiver.on('*', ({ type }) => void heard.push(type));
  await receiver.start();
  dispatcher.tellOfTask('task-started', { uuid: 'a' });
  dispatcher.tellOfTask('task-succeeded', { uuid: 'a', result: '3', runtime: 1 });
  await dispatcher.flush();
  await clock.advance(0);

  expect(heard).toEqual(['task-started', 'a = 3', 'task-succeeded']);
  expect(lamport.value).toBe(3);
  await receiver.stop();
  dispatcher.tellOfTask('task-started', { uuid: 'b' });
  await dispatcher.flush();
  await clock.advance(0);
  expect(heard).toHaveLength(3);
  await broker.close();
});

it('counts what is no event, and outlives a listener that throws', async () => {
  const { clock, receiver, log, broker } = memoryWorld();
  const heard: string[] = [];
  receiver.on('*', () => {
    throw new Error('a bug');
  });
  receiver.on('*', ({ hostname }) => void heard.push(hostname));
  await receiver.start();
  const target = { exchange: 'celeryev', routingKey: 'task.multi' };
  await broker.publish(target, aMessage({ body: 'no JSON' }));
  const event = { type: 'task-started', uuid: 'a', hostname: 'w', timestamp: 1 };
  await broker.publish(target, aMessage({ body: JSON.stringify([event, 3, {}]) }));
  await clock.advance(0);

  expect(heard).toEqual(['w']);
  expect(receiver.unread).toBe(3);
  expect(log.lines).toEqual(['error A listener to events threw: Error: a bug']);
  await receiver.stop();
  await broker.close();
});
