import { describe, expect, it } from 'vitest';
import { EncodeError, UndecodableMessageError } from '../../lib/errors.js';
import { KombuValue } from '../../lib/message/kombu-value.js';
import { openYaml } from '../../lib/message/yaml.serializer.js';

const yaml = await openYaml({ maxDepth: 200, maxElements: 1_000_000, typedValues: true, types: [] });
const read = (text: string): unknown => yaml.decode(Buffer.from(text));
const echo = (value: unknown): unknown => yaml.decode(yaml.encode(value));

/** What `yaml.safe_dump` of PyYAML 6.0 writes for the list of `SAID`. */
const DUMPED = String.raw`- 1
- 0.1
- 1.0e+22
- 1000000000000000000000000000000
- .nan
- -.inf
- null
- true
- 0o14
- '014'
- 1e3
- 'NO'
- y
- '1:30'
- '2024-01-02'
- '~'
- ''
- "a\x7F\N\L\uFEFF b"
- !!binary |
  /w==
- k:
  - {}
  - []
`;
const SAID = [
  1,
  0.1,
  1e22,
  10n ** 30n,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  null,
  true,
  '0o14',
  '014',
  '1e3',
  'NO',
  'y',
  '1:30',
  '2024-01-02',
  '~',
  '',
  'a\u007f\u0085\u2028\ufeff b',
  Buffer.from([0xff]),
  { k: [{}, []] },
];

describe('YAML', () => {
  it('reads a body captured from Celery', () => {
    const body = String.raw`- - 1
  - "\xE9"
- {}
- callbacks: null
  chain: null
  chord: null
  errbacks: null
`;
    expect(read(body)).toEqual([[1, 'é'], {}, { callbacks: null, chain: null, chord: null, errbacks: null }]);
  });

  it('reads what Python writes', () => {
    expect(read(DUMPED)).toEqual(SAID);
  });

  it('reads a value that Python names once and repeats', () => {
    expect(read('- &id001\n  a: 1\n- *id001\n')).toEqual([{ a: 1 }, { a: 1 }]);
  });

  it('reads back what it wrote', () => {
    const values = SAID.filter((value) => !(value instanceof Uint8Array));
    expect(echo(values)).toEqual(values);
    expect(echo([1.7e18, 5e-324, 2 ** 53 - 1, -0.5, { on: 1, '1': 2, 'a: b': '# c' }])).toEqual([
      1.7e18,
      5e-324,
      2 ** 53 - 1,
      -0.5,
      { on: 1, '1': 2, 'a: b': '# c' },
    ]);
  });

  it('quotes every text, and writes every float with a point, or Python would read something else', () => {
    expect(yaml.encode(['NO', '2024-01-02', 1e21, 1e-7, Number.NaN]).toString()).toBe(
      '["NO","2024-01-02",1.0e+21,1.0e-7,.nan]',
    );
    expect(yaml.encode('\u007f\u0085\u2028').toString()).toBe(String.raw`"\u007f\u0085\u2028"`);
  });

  it('writes dates and decimals as text', () => {
    expect(echo([new Date('2024-01-02T03:04:05.678Z'), KombuValue.decimal('1.50')])).toEqual([
      '2024-01-02T03:04:05.678000Z',
      '1.50',
    ]);
  });

  it('refuses to write bytes by their place', () => {
    expect(() => yaml.encode([{ photo: Buffer.from('x') }])).toThrow(EncodeError);
    expect(() => yaml.encode([{ photo: Buffer.from('x') }])).toThrow('$[0].photo');
  });

  it.each([
    ['nothing', ''],
    ['two documents', '1\n---\n2\n'],
    ['a broken text', '- [1, 2'],
    ['a tag of Python', '- !!python/object/apply:os.system ["true"]'],
    ['a tag of its own', '- !thing x'],
    ['a set', '- !!set {a}'],
    ['an alias of nothing', '- *a'],
    ['an alias of itself', '&a [*a]'],
    ['a __proto__ key', '"__proto__": {x: 1}'],
    ['a __proto__ key in a list', '- - "__proto__": 1'],
    ['deep brackets', '['.repeat(100_000)],
    ['deep braces', '{'.repeat(50_000)],
    ['deep dashes', `${'- '.repeat(20_000)}1`],
    ['deep indentation', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['deep keys', '? '.repeat(20_000)],
    ['a long text', `"${'x'.repeat(300_000)}"`],
    [
      'aliases of aliases',
      `a: &a [1,1,1,1,1,1,1,1,1]\n${['b', 'c', 'd', 'e']
        .map((name, index) => `${name}: &${name} [${`*${'abcd'[index] ?? ''},`.repeat(9)}]`)
        .join('\n')}`,
    ],
    ['many aliases', `- &a 1\n${'- *a\n'.repeat(200)}`],
  ])('refuses %s', (_what, text) => {
    expect(() => read(text)).toThrow(UndecodableMessageError);
  });

  it.each([
    ['brackets', `${'['.repeat(150)}${']'.repeat(150)}`],
    ['braces', `${'{a: '.repeat(150)}1${'}'.repeat(150)}`],
    ['dashes', `${'- '.repeat(150)}1`],
    ['indentation', Array.from({ length: 150 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['lists in objects', Array.from({ length: 75 }, (_, depth) => `${'  '.repeat(depth)}- a:`).join('\n')],
  ])('reads %s that are nested less than the limit', (_what, body) => {
    expect(() => read(body)).not.toThrow();
  });

  it('refuses to follow thousands of aliases', () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `- &a${index + 1} [*a${index}, *a${index}]`);
    expect(() => read(['- &a0 [x]', ...lines].join('\n'))).toThrow('more than 1000 aliases');
  });

  it('refuses what is no UTF-8', () => {
    expect(() => yaml.decode(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not UTF-8');
  });

  it('reads many keys in no more than linear time', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(Object.keys(Object(read(text)))).toHaveLength(20_000);
  });
});
