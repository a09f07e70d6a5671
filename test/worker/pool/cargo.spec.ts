import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../../lib/errors.js';
import { openContent } from '../../../lib/message/content.factory.js';
import { contentFields, type ContentConfig } from '../../../lib/message/content.options.js';
import { KombuValue } from '../../../lib/message/kombu-value.js';
import { readOptions } from '../../../lib/runtime/options.js';
import { aMessage } from '../../support/a-message.js';
import { CargoHold } from '../../../lib/worker/pool/cargo.js';

const content = await openContent(readOptions<ContentConfig>('celery', {}, contentFields));
const hold = new CargoHold(content, 'json');
const passed = (value: unknown): unknown => hold.unload(structuredClone(hold.load(value)));

describe('a value between parent and child', () => {
  it.each([
    undefined,
    null,
    { a: undefined, list: [1, [2n ** 80n, 'ä'], null], nan: NaN },
    new Date(0),
    Buffer.from('bytes'),
    [Buffer.from('bytes'), new Date(0)],
    KombuValue.decimal('1.50'),
    { price: KombuValue.decimal('1.50') },
  ])('arrives as it was: %o', (value) => {
    expect(passed(value)).toEqual(value);
    if (value instanceof KombuValue) expect(passed(value)).toBeInstanceOf(KombuValue);
    if (Buffer.isBuffer(value)) expect(Buffer.isBuffer(passed(value))).toBe(true);
  });

  it('of a class is written as its result would be', () => {
    class Money {
      constructor(readonly cents: number) {}
      toJSON() {
        return `${this.cents} ct`;
      }
    }
    expect(passed({ price: new Money(5) })).toEqual({ price: '5 ct' });
  });

  it.each([[new Map()], [{ deep: [new Set()] }], [() => 1], [[Symbol('s')]]])(
    'that no result could hold is refused: %o',
    (value) => {
      expect(() => hold.load(value)).toThrow(EncodeError);
    },
  );

  it.each([
    [
      'bytes beside a timestamp after the year 9999',
      { bytes: Buffer.from([1]), when: { '!': 'timestamp', value: 8.64e12 } },
    ],
    ['bytes beside a key of the name __proto__', JSON.parse('{"bytes": 0, "__proto__": 1}') as object],
    ['bytes in a list in a table', { table: { list: [Buffer.from('a'), null, 2n ** 63n] } }],
  ])('passes in the headers of a message: %s', (_what, given) => {
    const headers = { ...given, bytes: Buffer.from('b') };
    const message = { ...aMessage(), headers };
    expect(hold.unloadMessage(structuredClone(hold.loadMessage(message)))).toEqual(message);
  });

  it('that holds itself is refused', () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    expect(() => hold.load(ring)).toThrow(EncodeError);
  });
});
