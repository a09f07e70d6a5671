import { describe, expect, it } from 'vitest';
import { KombuValue } from '../../lib/message/kombu-value.js';
import { argsrepr, kwargsrepr, saferepr } from '../../lib/message/saferepr.js';

describe('the text of arguments', () => {
  // Right: what Celery's own saferepr gives for the same.
  it.each<[readonly unknown[], string]>([
    [[1, 'a'], "(1, 'a')"],
    [[1], '(1,)'],
    [[], '()'],
    [["it's"], String.raw`('it\'s',)`],
    [['a"b'], `('a"b',)`],
    [['new\nline\t\\'], "('new\nline\t\\',)"],
    [[null, true, false], '(None, True, False)'],
    [[undefined], '(None,)'],
    [
      [0.1, 1e22, 1e16, 1e-5, 0.0001, Number.NaN, Number.NEGATIVE_INFINITY],
      '(0.1, 1e+22, 1e+16, 1e-05, 0.0001, nan, -inf)',
    ],
    [[1180591620717411303424n], '(1180591620717411303424,)'],
    [[[[[1]]]], '([[[...]]],)'],
    [[{ a: { b: { c: { d: 1 } } } }], "({'a': {'b': {...}}},)"],
    [[{ b: 1, a: 2 }], "({'b': 1, 'a': 2},)"],
    [[{}, []], '({}, [])'],
    [['é\u0000😀'], "('é\u0000😀',)"],
    [
      [new Date('2024-01-02T03:04:05.678Z')],
      '(datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc),)',
    ],
    [
      [new Date('2024-01-02T03:04:00Z')],
      '(datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone.utc),)',
    ],
    [[KombuValue.decimal('1.50')], "(Decimal('1.50'),)"],
    [
      [KombuValue.uuid('00000000-0000-0000-0000-000000000005')],
      "(UUID('00000000-0000-0000-0000-000000000005'),)",
    ],
  ])('%o is %s', (args, expected) => {
    expect(argsrepr(args)).toBe(expected);
  });

  it('shows a result as itself, and a list as a list', () => {
    expect(saferepr([1])).toBe('[1]');
    expect(saferepr('done')).toBe("'done'");
    expect(saferepr(undefined)).toBe('None');
  });

  it.each([
    ['a long string', ['x'.repeat(5_000_000)]],
    ['many items', Array.from({ length: 1_000_000 }, (_, index) => index)],
    ['a long key', [{ ['k'.repeat(1_000_000)]: 1 }]],
  ])('stays short for %s', (_what, args) => {
    expect(argsrepr(args).length).toBeLessThan(1_100);
  });

  it('ends for what holds itself', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(argsrepr(cyclic)).toContain('[...]');
  });

  it('holds no half of a surrogate pair, which Python cannot print', () => {
    expect(argsrepr(['😀'.repeat(2_000)]).isWellFormed()).toBe(true);
    expect(argsrepr(['\ud800']).isWellFormed()).toBe(true);
  });

  it.each(['password', 'api_key', 'Authorization', 'secretToken', 'card_number'])(
    'shows nothing of %s',
    (name) => {
      expect(kwargsrepr({ [name]: 'hunter2', user: 'ann' })).toBe(`{'${name}': [redacted], 'user': 'ann'}`);
      expect(argsrepr([{ nested: { [name]: 'hunter2' } }])).not.toContain('hunter2');
    },
  );

  it('calls no code of an object', () => {
    class Loud {
      readonly kept = 'hunter2';
      toString(): string {
        throw new Error('called');
      }
      toJSON(): string {
        throw new Error('called');
      }
    }
    expect(argsrepr([new Loud(), () => 1, Symbol('s')])).toBe('(<Loud>, <function>, <symbol>)');
  });

  it('says where something cannot be read', () => {
    const fail = (): never => {
      throw new Error('called');
    };
    const hostile = new Proxy({}, { getPrototypeOf: fail, get: fail });
    expect(argsrepr([hostile, 1])).toBe('(<unreadable>, 1)');
    expect(kwargsrepr(Object.defineProperty({}, 'a', { get: fail, enumerable: true }))).toContain(
      '<unreadable>',
    );
  });
});
