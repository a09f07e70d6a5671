import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { PublishError, TopologyConflictError, UnroutableError } from '../../../lib/errors.js';
import { aMessage, someMessages } from '../../support/a-message.js';
import { bodyOf } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, itUnless, openBench, through, to } from './bench.js';

export function publishingCases(suite: BrokerSuite): void {
  it.each([
    ['text', Buffer.from('[[2, 2], {}, {"chord": null}]')],
    ['text of every script', Buffer.from('["žluťoučký kůň", "数え上げ", "🥕", "\\u0000"]')],
    ['no bytes at all', Buffer.alloc(0)],
    ['bytes that are no text', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['1 MiB', randomBytes(2 ** 20)],
  ])('carries a body of %s unchanged', async (_, body) => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.publish(to(queue), aMessage({ body }));

    const { inbox } = await bench.consume(queue);

    const { message } = await inbox.next();
    expect(message.body.equals(body)).toBe(true);
  });

  it('carries headers and every property unchanged', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const message = aMessage({
      contentType: 'application/x-python-serialize',
      contentEncoding: 'binary',
      headers: {
        task: 'žluťoučký.kůň',
        id: '6f1b1f0e-0000-4000-8000-000000000000',
        empty: '',
        retries: 3,
        large: 2 ** 40,
        negative: -1,
        ratio: 0.25,
        yes: true,
        no: false,
        nothing: null,
        timelimit: [null, 30],
        stamps: { deep: { list: ['a', 1, { b: [] }] } },
      },
      properties: {
        correlationId: '6f1b1f0e-0000-4000-8000-000000000000',
        replyTo: 'an-answer-queue',
        deliveryMode: 1,
        priority: 7,
        expiration: '3600000',
        sentMs: Date.parse('2026-11-21T04:18:02Z'),
      },
    });
    await bench.broker.publish(to(queue), message);

    const { inbox } = await bench.consume(queue);

    const delivery = await inbox.next();
    expect({ ...delivery.message, body: bodyOf(delivery) }).toEqual({
      ...message,
      body: message.body.toString(),
    });
  });

  it('invents no property that was not given', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.publish(to(queue), aMessage({ contentType: '', headers: {} }));

    const { inbox } = await bench.consume(queue);

    const { message } = await inbox.next();
    expect(message.contentType).toBe('');
    expect(message.headers).toEqual({});
    expect(message.properties).toEqual({ deliveryMode: 2, priority: 0 });
  });

  it('tells where a message came from, and that it is new', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.send(queue, 'hello');

    const { inbox } = await bench.consume(queue);

    const delivery = await inbox.next();
    expect(delivery).toMatchObject({
      queue: queue.name,
      exchange: '',
      routingKey: queue.name,
      redelivered: false,
      deliveryCount: suite.supports.deliveryCount ? 0 : undefined,
      malformed: undefined,
    });
    expect(delivery.lost.aborted).toBe(false);
  });

  it('declares the queue of its target first, so that the message waits for a consumer', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.publish(to(queue), aMessage({ body: 'early' }));
    await bench.broker.close();

    const { inbox } = await consumeAt(await bench.connect(), queue);

    expect(await inbox.takeBodies(1)).toEqual(['early']);
  });

  it('keeps the order of publishes made at once', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const messages = someMessages(300);
    await Promise.all(messages.map((message) => bench.broker.publish(to(queue), message)));

    const { inbox } = await bench.consume(queue, { prefetch: 10 });

    expect(await inbox.takeBodies(300)).toEqual(messages.map((message) => message.body.toString()));
  });

  it('reaches a consumer that is already waiting', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    const { inbox } = await bench.consume(queue);
    const next = inbox.next();

    await bench.send(queue, 'now');

    expect(bodyOf(await next)).toBe('now');
  });

  it('refuses what nobody is bound for, and goes on', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('direct');
    const queue = { ...bench.queue(), exchange, routingKey: 'bound' };
    await bench.broker.declareQueue(queue);

    await expect(bench.broker.publish(through(exchange, 'unbound'), aMessage())).rejects.toThrow(
      UnroutableError,
    );

    await bench.broker.publish(through(exchange, 'bound'), aMessage());
    expect(await bench.broker.size(queue.name)).toBe(1);
  });

  it('refuses a message to an exchange that nobody declared, and goes on', async () => {
    await using bench = await openBench(suite);
    const target = { exchange: bench.exchange('direct', 'nowhere').name, routingKey: 'a' };

    const error: unknown = await bench.broker.publish(target, aMessage()).catch((thrown: unknown) => thrown);

    expect(error instanceof UnroutableError || error instanceof PublishError).toBe(true);
    if (error instanceof PublishError) expect(error.mayHaveBeenDelivered).toBe(false);
    const queue = bench.queue();
    await bench.send(queue, 'still here');
    expect(await bench.broker.size(queue.name)).toBe(1);
  });

  itUnless(suite, 'unknownQueue', 'refuses a message to a queue that does not exist', async () => {
    await using bench = await openBench(suite);
    const target = { exchange: '', routingKey: bench.queue('missing').name };

    await expect(bench.broker.publish(target, aMessage())).rejects.toThrow(UnroutableError);
  });

  itUnless(suite, 'topologyConflict', 'refuses a queue that exists otherwise, and goes on', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.declareQueue(queue);

    const other = await bench.connect();
    await expect(other.declareQueue(bench.queue('queue', { 'x-max-priority': 5 }))).rejects.toThrow(
      TopologyConflictError,
    );

    await other.declareQueue(queue);
    await other.publish(to(queue), aMessage());
    expect(await other.size(queue.name)).toBe(1);
  });

  it('takes a repeated declaration as done', async () => {
    await using bench = await openBench(suite);
    const queue = bench.queue();
    await bench.broker.declareQueue(queue);
    await bench.send(queue, 'kept');

    await bench.broker.declareQueue({ ...queue });
    await (await bench.connect()).declareQueue(queue);

    expect(await bench.broker.size(queue.name)).toBe(1);
  });
}
