import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { CeleryApp, readCeleryOptions } from '../../lib/index.js';
import { mailboxQueue, PIDBOX_EXCHANGE } from '../../lib/control/pidbox.js';
import { requestMessage } from '../../lib/control/request.js';
import { contentOf } from '../message/open-content.js';
import { eventually } from '../support/eventually.js';

/** However its test ends: another's questions to all would be answered by its worker. */
function closing(app: CeleryApp): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => app.close(1_000) };
}

const target = { exchange: PIDBOX_EXCHANGE.name, routingKey: '', exchangeDeclaration: PIDBOX_EXCHANGE };

describe.each([
  { name: 'Redis', broker: () => `${inject('redisUrl')}/12` },
  { name: 'RabbitMQ', broker: () => inject('rabbitUrl') },
])('on $name', ({ broker }) => {
  it('a worker in a flood of commands still hears, and stops without an error', async () => {
    const complaints: string[] = [];
    const complain = (line: string): void => void complaints.push(line);
    const log = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: complain };
    const app = await CeleryApp.open(readCeleryOptions({ broker: broker() }), { log });
    await using _closing = closing(app);
    const hostname = `w1@${randomUUID().slice(0, 8)}`;
    const worker = await app.startWorker({ hostname, queues: [hostname] });
    const content = await contentOf();
    const all = { method: 'ping', arguments: {}, addressees: { kind: 'all' }, reply: undefined } as const;
    const command = requestMessage(all, content, { clock: 1 });

    await Promise.all(Array.from({ length: 500 }, () => app.broker.publish(target, command)));
    const alive = await app.control.inspect({ destination: hostname, timeout: '20s' }).ping();
    expect(alive.map(({ value }) => value)).toEqual(['pong']);
    await Promise.all(Array.from({ length: 4_000 }, () => app.broker.publish(target, command)));
    await worker.stop();
    await app.close(1_000);

    expect(complaints).toEqual([]);
  });
});

it('the first question on Redis waits for the workers whose mailboxes are there, and for nobody else', async () => {
  const log = { debug: () => undefined, log: () => undefined, warn: () => undefined, error: () => undefined };
  const config = readCeleryOptions({
    broker: `${inject('redisUrl')}/13`,
    // Workers that were killed elsewhere have left their mailboxes behind.
    brokerTransportOptions: { globalKeyprefix: `${randomUUID()}:` },
  });
  const app = await CeleryApp.open(config, { log });
  await using _closing = closing(app);
  const asking = await CeleryApp.open(config, { log });
  await using _alsoClosing = closing(asking);
  const hostnames = ['w1', 'w2'].map((name) => `${name}@${randomUUID().slice(0, 8)}`).toSorted();
  for (const hostname of hostnames) await app.startWorker({ hostname, queues: [hostname] });

  // Longer than the test may take.
  const replies = await asking.control.inspect({ timeout: '5m' }).ping();

  expect(replies.map(({ hostname }) => hostname).toSorted()).toEqual(hostnames);
});

it('RabbitMQ takes no more commands for a worker than it can keep, and the worker hears again after the flood', async () => {
  const warnings: string[] = [];
  const nothing = (): void => undefined;
  const log = {
    debug: nothing,
    log: nothing,
    warn: (line: string) => void warnings.push(line),
    error: nothing,
  };
  const app = await CeleryApp.open(readCeleryOptions({ broker: inject('rabbitUrl') }), { log });
  await using _closing = closing(app);
  const hostname = `w1@${randomUUID().slice(0, 8)}`;
  await app.startWorker({ hostname, queues: [hostname] });
  const content = await contentOf();
  const mailbox = mailboxQueue(hostname).name;
  const ping = { method: 'ping', arguments: {}, addressees: { kind: 'all' }, reply: undefined } as const;
  const command = requestMessage(ping, content, { clock: 1 });
  const send = (count: number) =>
    Promise.all(Array.from({ length: count }, () => app.broker.publish(target, command)));

  let before = Number.NaN;
  let rounds = 0;
  for (; rounds < 60; rounds += 1) {
    await send(3_000);
    const after = await app.broker.size(mailbox);
    if (after < before && after < 9_000) break;
    before = after;
  }
  // Not for each command: a worker that has caught up between two rounds is flooded once more.
  const told = warnings.filter((line) => line.includes('More remote commands come')).length;
  expect(told).toBeGreaterThanOrEqual(1);
  expect(told).toBeLessThanOrEqual(rounds + 1);

  const isHeard = async (): Promise<boolean> =>
    (await app.control.inspect({ destination: hostname, timeout: '1s' }).ping()).length === 1;
  await eventually(isHeard, { withinMs: 60_000, what: 'an answer' });
}, 120_000);
