import type { Channel } from 'amqplib';
import { describe, expect, inject, it } from 'vitest';
import { readAmqpAddress } from '../../lib/broker/amqp/amqp.address.js';
import { readAmqpOptions } from '../../lib/broker/amqp/amqp.options.js';
import { readProperties } from '../../lib/broker/amqp/amqp.properties.js';
import { fromTable, toTable } from '../../lib/broker/amqp/amqp.table.js';
import { plainQueue } from '../../lib/broker/topology.js';
import { EncodeError } from '../../lib/errors.js';
import { aMessage } from '../support/a-message.js';
import { Inbox } from '../support/inbox.js';
import { anAmqpWorld } from './amqp.world.js';
import { recordingLog } from './recording-log.js';

describe('the URL of a RabbitMQ', () => {
  const guest = {
    tls: false,
    host: 'localhost',
    port: 5672,
    username: 'guest',
    password: 'guest',
    vhost: '/',
  };

  it.each([
    ['amqp://', guest],
    ['amqp://localhost//', guest],
    ['pyamqp://guest@localhost//', guest],
    ['amqp://rabbit:5673/', { ...guest, host: 'rabbit', port: 5673 }],
    [
      'amqp://me:p%40ss%2F@rabbit/shop',
      { ...guest, host: 'rabbit', username: 'me', password: 'p@ss/', vhost: 'shop' },
    ],
    ['amqp://me:pass@/shop', { ...guest, username: 'me', password: 'pass', vhost: 'shop' }],
    ['amqp://rabbit/%2Fshop', { ...guest, host: 'rabbit', vhost: '/shop' }],
    ['amqps://[::1]/', { ...guest, tls: true, host: '::1', port: 5671 }],
  ])('%s', (url, address) => {
    expect(readAmqpAddress(url)).toMatchObject(address);
  });

  it('is shown without its password', () => {
    expect(readAmqpAddress('pyamqp://me:secret@rabbit/shop').shown).toBe('amqp://me:********@rabbit/shop');
  });

  it.each([
    ['amqp://rabbit?heartbeat=5', /heartbeat.*brokerTransportOptions/],
    ['amqp://me:50%@rabbit', /%25/],
    ['amqp://rabbit:port', /not a URL/],
  ])('%s is refused with the way out', (url, reason) => {
    expect(() => readAmqpAddress(url)).toThrow(reason);
  });
});

describe('brokerTransportOptions for RabbitMQ', () => {
  it.each([
    [{ confirmPublish: false }, /confirmPublish.*Leave it out/],
    [{ hartbeat: 5 }, /Did you mean heartbeat/],
    [{ frameMax: 4096 }, /frameMax.*131072/],
    [{ nativeDelayedDeliveryQueueType: 'stream' }, /quorum, classic/],
  ])('%j is refused', (given, reason) => {
    expect(() => readAmqpOptions(given)).toThrow(reason);
  });

  it('are Celery names with defaults', () => {
    expect(readAmqpOptions({ confirmPublish: true })).toMatchObject({
      frameMax: 131_072,
      nativeDelayedDeliveryQueueType: 'quorum',
    });
  });
});

describe('AMQP headers', () => {
  it('write whole numbers with 32 or 64 bits, which Python reads as numbers', () => {
    expect(toTable({ small: 3, medium: 300, negative: -1, large: 2 ** 40, big: 2n ** 62n })).toEqual({
      small: { '!': 'int32', value: 3 },
      medium: { '!': 'int32', value: 300 },
      negative: { '!': 'int32', value: -1 },
      large: { '!': 'int64', value: 2 ** 40 },
      big: { '!': 'int64', value: 2n ** 62n },
    });
  });

  it('refuse what AMQP cannot carry', () => {
    expect(() => toTable({ huge: 2n ** 64n })).toThrow(EncodeError);
    expect(() => toTable({ deep: [{ call: () => undefined }] })).toThrow(EncodeError);
  });

  it('read dates and decimals of Python as plain values', () => {
    const read = fromTable({
      at: { '!': 'timestamp', value: 1_700_000_000 },
      price: { '!': 'decimal', value: { digits: 1999, places: 2 } },
      list: [{ '!': 'timestamp', value: 0 }],
    });
    expect(read).toEqual({ at: new Date(1_700_000_000_000), price: 19.99, list: [new Date(0)] });
  });

  it('travel through RabbitMQ with hostile keys, and no key becomes a prototype', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const broker = world.open();
    const queue = plainQueue(world.name('q'));
    const headers = JSON.parse(
      '{"__proto__": {"admin": true}, "constructor": 1, "inner": {"__proto__": {"admin": true}, "toString": "x"}, "!": "int8", "value": 3}',
    ) as Record<string, unknown>;
    await broker.publish({ exchange: '', routingKey: queue.name, queue }, aMessage({ headers }));
    const inbox = new Inbox();
    await broker.consume([queue], { prefetch: 1, onDelivery: inbox.receive });

    const { message } = await inbox.next();

    expect(JSON.stringify(message.headers)).toBe(JSON.stringify(sorted(headers, message.headers)));
    expect(Object.getPrototypeOf(message.headers)).toBe(Object.prototype);
    expect('admin' in message.headers).toBe(false);
    expect('admin' in (message.headers['inner'] as object)).toBe(false);
    expect(Object.hasOwn(message.headers, '__proto__')).toBe(true);
  });

  it('of other clients cannot break the connection: read where they can be, else the one message is malformed', async () => {
    await using world = await anAmqpWorld(inject('rabbitUrl'));
    const log = recordingLog();
    const broker = world.open({ log });
    const queue = plainQueue(world.name('q'));
    await broker.declareQueue(queue);
    const channel = await world.channel();
    publishRaw(channel, queue.name, nested(12_000));
    publishRaw(channel, queue.name, field('n', 'L', '0000010000000000'));
    publishRaw(channel, queue.name, nested(100));

    const inbox = new Inbox();
    await broker.consume([queue], { prefetch: 0, onDelivery: inbox.receive });

    const [deep, python, deepEnough] = await inbox.take(3);
    expect(deep?.malformed).toContain('nested deeper than 64');
    expect(deep?.message).toMatchObject({
      body: Buffer.from('body'),
      headers: {},
      properties: { deliveryMode: 2, priority: 0 },
    });
    expect(await deep?.ack()).toBe('settled');
    expect(python).toMatchObject({ malformed: undefined, message: { headers: { n: 2 ** 40 } } });
    expect(deepEnough?.malformed).toContain('nested deeper than 64');
    expect(log.lines).toEqual([]);
  });

  it('are read from their bytes, whatever the type', () => {
    const table = Buffer.concat([
      field('large', 'L', '0000010000000000'),
      field('exact', 'L', '7fffffffffffffff'),
      field('short', 'U', 'fffe'),
      field('list', 'A', '00000003' + '74' + '01' + '56'),
      field('when', 'T', '0000000065920080'),
    ]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(table.length);
    const bytes = Buffer.concat([Buffer.from('a000', 'hex'), Buffer.from('\x04json'), length, table]);

    expect(readProperties(bytes)).toMatchObject({
      contentType: 'json',
      headers: {
        large: 2 ** 40,
        exact: 2n ** 63n - 1n,
        short: -2,
        list: [true, null],
        when: { '!': 'timestamp', value: 1_704_067_200 },
      },
    });
  });
});

/** One entry of a table: its key, its type and its value's bytes. */
function field(key: string, type: string, hex: string): Buffer {
  return Buffer.concat([Buffer.from([key.length]), Buffer.from(key + type), Buffer.from(hex, 'hex')]);
}

/** A table in a table in a table. */
function nested(depth: number): Buffer {
  const levels: Buffer[] = [];
  for (let level = 0, size = 0; level < depth; level += 1, size += 7) {
    levels.push(Buffer.concat([Buffer.from('\x01aF'), uint32(size)]));
  }
  return Buffer.concat(levels.toReversed());
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Writes a publish with any header bytes to the channel's own connection, as a client in another language may. */
function publishRaw(channel: Channel, queue: string, headers: Buffer): void {
  const frame = (type: number, payload: Buffer): Buffer => {
    const start = Buffer.from([type, 0, Number(Reflect.get(channel, 'ch'))]);
    return Buffer.concat([start, uint32(payload.length), payload, Buffer.from([0xce])]);
  };
  const method = Buffer.concat([
    Buffer.from([0, 60, 0, 40, 0, 0, 0, queue.length]),
    Buffer.from(queue),
    Buffer.from([0]),
  ]);
  // Flags: headers and delivery mode.
  const content = Buffer.concat([
    Buffer.from([0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0x30, 0]),
    uint32(headers.length),
    headers,
    Buffer.from([2]),
  ]);
  const bytes = Buffer.concat([frame(1, method), frame(2, content), frame(3, Buffer.from('body'))]);
  (channel.connection as unknown as { sendBytes(bytes: Buffer): void }).sendBytes(bytes);
}

/** The same record with its keys in the order of another. */
function sorted(
  record: Record<string, unknown>,
  like: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(like)) {
    const value = record[key];
    const other = like[key];
    const nested =
      key === 'inner' ? sorted(value as Record<string, unknown>, other as Record<string, unknown>) : value;
    Object.defineProperty(result, key, { value: nested, enumerable: true });
  }
  return result;
}
