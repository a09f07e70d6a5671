import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { readEvents } from '../../lib/events/event.codec.js';
import { eventExchange, eventQueue } from '../../lib/events/event.exchange.js';
import { CeleryApp, readCeleryOptions, type CeleryOptions } from '../../lib/index.js';
import { silentLog } from '../../lib/runtime/logger.js';
import { contentOf } from '../message/open-content.js';
import { Inbox } from '../support/inbox.js';

const content = await contentOf();

/** An app, and what a monitor hears that stays when the app has closed. */
async function listened(options: CeleryOptions) {
  const broker = `memory://${randomUUID()}`;
  const open = (): Promise<CeleryApp> =>
    CeleryApp.open(readCeleryOptions({ broker, ...options }), { log: silentLog });
  const [app, monitor] = [await open(), await open()];
  const inbox = new Inbox();
  const queue = eventQueue('monitor', '#', eventExchange(monitor.broker.supports));
  await monitor.broker.consume([queue], { prefetch: 0, noAck: true, onDelivery: inbox.receive });
  return { app, inbox, [Symbol.asyncDispose]: () => monitor.close() };
}

it('a client tells of each task it sent, where it is asked to', async () => {
  await using listening = await listened({ taskSendSentEvent: true });
  const { app, inbox } = listening;
  const options = { args: [1, 'b'], queue: 'mail', eta: new Date('2030-01-02T03:04:05.678Z') };
  const { id } = await app.client.applyAsync('math.add', options);

  const { message, routingKey } = await inbox.next();

  expect(routingKey).toBe('task.multi');
  expect(readEvents(message, content).events).toEqual([
    {
      type: 'task-sent',
      hostname: expect.stringMatching(/^gen\d+@/) as string,
      utcoffset: expect.any(Number) as number,
      pid: process.pid,
      clock: 1,
      timestamp: expect.any(Number) as number,
      uuid: id,
      root_id: id,
      parent_id: null,
      name: 'math.add',
      args: "(1, 'b')",
      kwargs: '{}',
      retries: 0,
      eta: '2030-01-02T03:04:05.678000+00:00',
      expires: null,
      queue: 'mail',
      exchange: '',
      routing_key: 'mail',
    },
  ]);
  await app.close();
});

it('a client is silent where it is not, and tells the rest before it closes where it is', async () => {
  await using silent = await listened({});
  await silent.app.client.applyAsync('math.add');
  await silent.app.close();
  expect(silent.inbox.received).toBe(0);

  await using telling = await listened({ taskSendSentEvent: true });
  await telling.app.client.applyAsync('math.add');
  await telling.app.close();
  expect((await telling.inbox.next()).routingKey).toBe('task.multi');
});
