import { describe, expect, it } from 'vitest';
import { markRedelivered, splitHeld } from '../../lib/broker/redis/redis.redelivered.js';

const mark = (text: string): string => markRedelivered(Buffer.from(text)).toString();

describe('marking a message as redelivered', () => {
  it('changes the marks and nothing else', () => {
    const text =
      '{"body": "x", "headers": {"n": 1.0, "big": 9007199254740993, "e": []}, "properties": {"delivery_info": {"exchange": ""}}}';

    expect(mark(text)).toBe(
      '{"body": "x", "headers": {"redelivered": true, "x-delivery-count": 1, "n": 1.0, "big": 9007199254740993, "e": []}, ' +
        '"properties": {"delivery_info": {"redelivered": true, "exchange": ""}}}',
    );
  });

  it('counts on, and does not grow, when marked again', () => {
    const once = mark('{"headers":{},"properties":{"delivery_info":{}}}');
    expect(once).toBe(
      '{"headers":{"redelivered": true, "x-delivery-count": 1},"properties":{"delivery_info":{"redelivered": true}}}',
    );
    expect(mark(mark(once))).toBe(once.replace('count": 1', 'count": 3'));
  });

  it('finds its place among hostile texts, nested names and any white space', () => {
    const text =
      '\n{ "a" : "\\"headers\\": {\\\\" , "b":{"headers":{}}, "properties" :{"x":[{"delivery_info":{}}],"delivery_info":{ }},"headers": { "redelivered" : false } , "é":NaN }';
    const marked = mark(text);

    expect(marked).toContain('"b":{"headers":{}}');
    expect(marked).toContain('"headers": {"x-delivery-count": 1,  "redelivered" : true }');
    expect(marked).toContain('"delivery_info":{"redelivered": true }');
    expect(marked).toContain('"é":NaN');
  });

  it.each([
    '',
    'no json',
    '{',
    '{"headers":',
    '{"headers": null}',
    '[1]',
    '{"headers":{"a"}',
    '{"headers":{"a":"\\',
  ])('leaves %j as it is', (text) => {
    expect(mark(text)).toBe(text);
  });

  it('keeps bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"headers":{},"x":"'),
      Buffer.from([0xff, 0x80]),
      Buffer.from('"}'),
    ]);
    expect(markRedelivered(bytes).includes(Buffer.from([0xff, 0x80]))).toBe(true);
  });
});

describe('splitting a held message', () => {
  it.each([
    ['[{"a": [1, 2]}, "", "celery"]', '{"a": [1, 2]}', '', 'celery'],
    ['[{"a": ["x", "", "y"]}, "tasks", "a.b"]', '{"a": ["x", "", "y"]}', 'tasks', 'a.b'],
    ['[not json, "", "q\\"é"]', 'not json', '', 'q"é'],
    ['["]", "", "q"]', '"]"', '', 'q'],
    ['[, "", "q"]', '', '', 'q'],
  ])('%s', (held, raw, exchange, routingKey) => {
    const parts = splitHeld(Buffer.from(held));
    expect({ ...parts, raw: parts?.raw.toString() }).toEqual({ raw, exchange, routingKey });
  });

  it.each(['', '[', '[]', '{"a": 1}', '[{"a": 1}]', 'garbage'])('gives nothing for %j', (held) => {
    expect(splitHeld(Buffer.from(held))).toBeUndefined();
  });
});
