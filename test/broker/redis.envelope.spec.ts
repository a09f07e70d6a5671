import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../lib/broker/redis/redis.envelope.js';
import { aMessage } from '../support/a-message.js';

/** As Python's Celery 5.2.6 wrote it. */
const PYTHON = String.raw`{"body": "W1syLCAzXSwge30sIHsiY2FsbGJhY2tzIjogbnVsbCwgImVycmJhY2tzIjogbnVsbCwgImNoYWluIjogbnVsbCwgImNob3JkIjogbnVsbH1d", "content-encoding": "utf-8", "content-type": "application/json", "headers": {"lang": "py", "task": "tw.add", "id": "11111111-1111-1111-1111-111111111111", "shadow": null, "timelimit": [null, null]}, "properties": {"correlation_id": "11111111-1111-1111-1111-111111111111", "reply_to": "b8807ccb-fd8d-3578-9d2b-455a90cc8f0d", "delivery_mode": 2, "delivery_info": {"exchange": "", "routing_key": "celery"}, "priority": 0, "body_encoding": "base64", "delivery_tag": "c986d2ce-189a-4d55-a768-556cb0326d71"}}`;

const decode = (text: string) => decodeEnvelope(Buffer.from(text));
const changed = (
  change: (envelope: Record<string, unknown> & { properties: Record<string, unknown> }) => void,
) => {
  const envelope = JSON.parse(PYTHON) as Parameters<typeof change>[0];
  change(envelope);
  return decode(JSON.stringify(envelope));
};

describe('Redis envelope', () => {
  it('reads what Python wrote', () => {
    const { message, ...rest } = decode(PYTHON);

    expect(rest).toEqual({
      exchange: '',
      routingKey: 'celery',
      redelivered: false,
      returns: 0,
      malformed: undefined,
    });
    expect(message.body.toString()).toBe(
      '[[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]',
    );
    expect(message.contentType).toBe('application/json');
    expect(message.headers).toMatchObject({ task: 'tw.add', shadow: null, timelimit: [null, null] });
    expect(message.properties).toEqual({
      correlationId: '11111111-1111-1111-1111-111111111111',
      replyTo: 'b8807ccb-fd8d-3578-9d2b-455a90cc8f0d',
      deliveryMode: 2,
      priority: 0,
    });
  });

  it('writes the fields Python reads, in its order', () => {
    const message = aMessage({
      headers: { task: 'tw.add', id: '1' },
      body: '[]',
      properties: { correlationId: '1', replyTo: 'r', priority: 5, expiration: '30000' },
    });

    expect(encodeEnvelope(message, '', 'celery')('tag')).toBe(
      '{"body": "W10=", "content-encoding": "utf-8", "content-type": "application/json", ' +
        '"headers": {"task":"tw.add","id":"1"}, "properties": {"correlation_id": "1", "reply_to": "r", ' +
        '"delivery_mode": 2, "expiration": "30000", "delivery_info": {"exchange": "", "routing_key": "celery"}, ' +
        '"priority": 5, "body_encoding": "base64", "delivery_tag": "tag"}}',
    );
  });

  it('tells when a message was sent, in seconds as AMQP does, and takes nothing else for a time', () => {
    const message = aMessage({ properties: { sentMs: 1_732_209_560_123 } });
    const text = encodeEnvelope(message, '', 'celery')('tag');
    expect(text).toContain('"timestamp": 1732209560.123, ');
    expect(decode(text).message.properties.sentMs).toBe(1_732_209_560_123);
    for (const strange of ['1732209560', null, 0, -1, 1e300, true, {}]) {
      const found = changed(({ properties }) => void (properties['timestamp'] = strange));
      expect(found.message.properties).not.toHaveProperty('sentMs');
    }
  });

  it('takes a body that is not base64 as it stands', () => {
    for (const encoding of [null, 'utf-8', undefined]) {
      const found = changed((envelope) => {
        envelope['body'] = '[["é"], {}, {}]';
        envelope.properties['body_encoding'] = encoding;
      });
      expect(found.malformed).toBeUndefined();
      expect(found.message.body.toString()).toBe('[["é"], {}, {}]');
    }
  });

  describe('with a long body', () => {
    const long = Buffer.from(JSON.stringify(['x'.repeat(9_000)]));
    const base64 = long.toString('base64');
    const withBody = (written: string, more = '') =>
      decode(
        `{"body": ${written}, "headers": {"task": "t"}, "properties": {"body_encoding": "base64"}${more}}`,
      );

    it('reads it as any other', () => {
      const { message, malformed } = withBody(JSON.stringify(base64));
      expect(malformed).toBeUndefined();
      expect(message.body.equals(long)).toBe(true);
      expect(message.headers).toEqual({ task: 't' });
    });

    it('takes one that is not base64 as it stands', () => {
      const { message } = changed((envelope) => {
        envelope['body'] = `"quoted" ${'x'.repeat(9_000)}`;
        envelope.properties['body_encoding'] = 'utf-8';
      });
      expect(message.body.toString()).toBe(`"quoted" ${'x'.repeat(9_000)}`);
    });

    it('takes the last of two, as JSON has it', () => {
      const { message } = withBody(JSON.stringify(base64), ', "body": "W10="');
      expect(message.body.toString()).toBe('[]');
    });

    it('reads base64 with escapes in it', () => {
      const slashes = Buffer.alloc(6_000, 0xff);
      const { message } = withBody(`"${slashes.toString('base64').replaceAll('/', '\\/')}"`);
      expect(message.body.equals(slashes)).toBe(true);
    });

    it.each([
      ['no base64', `"${'?'.repeat(9_000)}"`, 'the body is not base64'],
      ['no end', `"${base64}`, /invalid JSON/],
      ['a quote in it', `"${base64}"${base64}"`, /invalid JSON/],
    ])('says what is wrong: %s', (_, written, reason) => {
      expect(withBody(written).malformed).toMatch(reason);
    });
  });

  it('needs neither delivery tag nor delivery info nor priority', () => {
    const found = changed((envelope) => {
      delete envelope.properties['delivery_tag'];
      delete envelope.properties['delivery_info'];
      envelope.properties['priority'] = null;
    });
    expect(found.malformed).toBeUndefined();
    expect(found.message.properties.priority).toBe(0);
  });

  it('keeps numbers in headers that JavaScript cannot hold', () => {
    const text = PYTHON.replace(
      '"shadow": null',
      '"shadow": null, "big": 12345678901234567890, "odd": NaN, "far": -Infinity',
    );
    const { message } = decode(text);
    const again = decode(encodeEnvelope(message, '', 'celery')('tag'));

    expect(message.headers).toMatchObject({ big: 12345678901234567890n, odd: Number.NaN, far: -Infinity });
    expect(again.message.headers).toEqual(message.headers);
  });

  it.each([
    ['not json', 'invalid JSON'],
    ['', 'invalid JSON'],
    ['[]', 'not a JSON object'],
    ['null', 'not a JSON object'],
    ['{}', 'headers are missing'],
    [PYTHON.replace(/"headers": \{.*?\}/, '"headers": null'), 'headers are null'],
    [PYTHON.replace('"body": "W1sy', '"body": "!!sy'), 'the body is not base64'],
    [PYTHON.replace('"base64"', '"rot13"'), 'body_encoding "rot13" is unknown'],
    [PYTHON.replace(/"body": "[^"]*"/, '"body": 5'), 'the body is a number'],
    ['['.repeat(200_000), 'nested deeper than 200 levels'],
  ])('calls case %# malformed and keeps all of it', (text, reason) => {
    const found = decode(text);

    expect(found.malformed).toContain(reason);
    expect(found.message.body.toString()).toBe(text);
  });

  it('keeps bytes that are no text', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x7b]);
    expect(decodeEnvelope(bytes)).toMatchObject({
      malformed: 'invalid JSON: not UTF-8',
      message: { body: bytes },
    });
  });
});
