import { expect, it } from 'vitest';
import { aMessage } from '../../support/a-message.js';
import { bodyOf } from '../../support/inbox.js';
import type { BrokerSuite } from '../broker.conformance.js';
import { consumeAt, itUnless, openBench, through } from './bench.js';

export function routingCases(suite: BrokerSuite): void {
  it('a direct exchange reaches every queue of exactly that key', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('direct');
    const red = { ...bench.queue('red'), exchange, routingKey: 'red' };
    const alsoRed = { ...bench.queue('also-red'), exchange, routingKey: 'red' };
    const blue = { ...bench.queue('blue'), exchange, routingKey: 'blue' };
    for (const queue of [red, alsoRed, blue]) await bench.broker.declareQueue(queue);

    await bench.broker.publish(through(exchange, 'red'), aMessage({ body: 'to red' }));

    expect(await bench.broker.size(blue.name)).toBe(0);
    for (const queue of [red, alsoRed]) {
      const { inbox } = await bench.consume(queue);
      const delivery = await inbox.next();
      expect(bodyOf(delivery)).toBe('to red');
      expect(delivery).toMatchObject({ queue: queue.name, exchange: exchange.name, routingKey: 'red' });
    }
  });

  it('a queue bound by several keys gets the messages of each, once', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('direct');
    const queue = { ...bench.queue(), exchange, routingKey: 'one', bindings: ['two', 'three'] };
    await bench.broker.declareQueue(queue);

    for (const key of ['one', 'two', 'three']) {
      await bench.broker.publish(through(exchange, key), aMessage({ body: key }));
    }

    const { inbox } = await bench.consume(queue);
    expect(await inbox.takeBodies(3)).toEqual(['one', 'two', 'three']);
    expect(await bench.broker.size(queue.name)).toBe(0);
  });

  it('a queue whose bindings match twice gets the message once', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('topic');
    const queue = { ...bench.queue(), exchange, routingKey: 'fruit.#', bindings: ['fruit.*'] };
    await bench.broker.declareQueue(queue);

    await bench.broker.publish(through(exchange, 'fruit.apple'), aMessage());

    expect(await bench.broker.size(queue.name)).toBe(1);
  });

  it('a topic exchange reaches the queues whose pattern fits', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('topic');
    const bound = (pattern: string, base: string) => ({
      ...bench.queue(base),
      exchange,
      routingKey: pattern,
    });
    const queues = [
      bound('#', 'all'),
      bound('fruit.#', 'deep'),
      bound('fruit.*', 'flat'),
      bound('fruit.apple', 'one'),
    ];
    for (const queue of queues) await bench.broker.declareQueue(queue);

    for (const key of ['fruit.apple', 'fruit.pear', 'veg.leek', 'fruitful.tree']) {
      await bench.broker.publish(through(exchange, key), aMessage({ body: key }));
    }

    const sizes = [];
    for (const queue of queues) sizes.push(await bench.broker.size(queue.name));
    expect(sizes).toEqual([4, 2, 2, 1]);
  });

  it('a fanout exchange reaches everyone who listens, each at his own broker', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('fanout');
    const ofItsOwn = (base: string) => ({
      ...bench.queue(base),
      exchange,
      routingKey: '',
      durable: false,
      exclusive: true,
      autoDelete: true,
      consumerOnly: true,
    });
    const one = await consumeAt(await bench.connect(), ofItsOwn('one'));
    const two = await consumeAt(await bench.connect(), ofItsOwn('two'), { noAck: true });

    await bench.broker.publish(through(exchange), aMessage({ body: 'to all' }));

    for (const { inbox } of [one, two]) {
      const delivery = await inbox.next();
      expect(bodyOf(delivery)).toBe('to all');
      expect(delivery.exchange).toBe(exchange.name);
      expect(await delivery.ack()).toBe('settled');
    }
  });

  it('a fanout exchange to which nobody listens is no error', async () => {
    await using bench = await openBench(suite);

    await bench.broker.publish(through(bench.exchange('fanout')), aMessage());
  });

  it('what may go unheard reaches those who listen, by pattern, and is no error where nobody does', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange(bench.broker.supports.eventExchange);
    const target = { ...through(exchange, 'worker.online'), mayGoUnheard: true };
    await bench.broker.publish(target, aMessage({ body: 'unheard' }));
    const all = { ...bench.queue('all'), exchange, routingKey: '#', autoDelete: true, consumerOnly: true };
    const workers = { ...bench.queue('workers'), exchange, routingKey: 'worker.#', consumerOnly: true };
    const one = await consumeAt(await bench.connect(), all, { noAck: true });
    const two = await consumeAt(await bench.connect(), workers, { noAck: true });

    await bench.broker.publish(target, aMessage({ body: 'heard' }));

    for (const { inbox } of [one, two]) {
      const delivery = await inbox.next();
      expect(bodyOf(delivery)).toBe('heard');
      expect(delivery.routingKey).toBe('worker.online');
    }
  });

  it('a queue that only its consumer declares is left alone by publishers', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('fanout');
    const queue = { ...bench.queue('bcast'), exchange, routingKey: '', consumerOnly: true };
    await bench.broker.publish({ ...through(exchange), queue }, aMessage({ body: 'to nobody' }));

    const { inbox } = await bench.consume(queue);
    await bench.broker.publish({ ...through(exchange), queue }, aMessage({ body: 'to me' }));

    expect(bodyOf(await inbox.next())).toBe('to me');
    expect(inbox.received).toBe(1);
  });

  itUnless(suite, 'headersExchange', 'a headers exchange compares headers', async () => {
    await using bench = await openBench(suite);
    const exchange = bench.exchange('headers');
    const bound = (match: 'all' | 'any') => ({
      ...bench.queue(match),
      exchange,
      routingKey: '',
      bindingArguments: { 'x-match': match, region: 'eu', tier: 1 },
    });
    const [all, any] = [bound('all'), bound('any')];
    await bench.broker.declareQueue(all);
    await bench.broker.declareQueue(any);

    await bench.broker.publish(
      through(exchange),
      aMessage({ headers: { region: 'eu', tier: 1, more: true } }),
    );
    await bench.broker.publish(through(exchange), aMessage({ headers: { region: 'eu', tier: 2 } }));

    expect(await bench.broker.size(all.name)).toBe(1);
    expect(await bench.broker.size(any.name)).toBe(2);
  });
}
