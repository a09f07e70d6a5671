import { bzip2 } from '../../../lib/message/bzip2.encoder.js';
import type { Content } from '../../../lib/message/content.js';
import zlib from 'node:zlib';

/** A body that is small, or plain, and costs much once something begins to read it. */
export interface Bomb {
  readonly name: string;
  readonly contentType: string;
  readonly compression?: string;
  body(): Buffer;
}

const JSON_TYPE = 'application/json';
const MIB = 2 ** 20;
const DEPTHS = [1_000, 100_000, 5_000_000];

/** @param content to compress with what is there */
export function bombs(content: Content): readonly Bomb[] {
  return [
    ...deep(),
    ...wide(),
    ...long(),
    ...colliding(),
    ...inflating(content),
    ...binary(),
    ...referring(),
  ];
}

function json(name: string, body: () => string): Bomb {
  return { name, contentType: JSON_TYPE, body: () => Buffer.from(body()) };
}

function deep(): Bomb[] {
  return DEPTHS.flatMap((depth) => [
    json(`${depth} open lists`, () => '['.repeat(depth)),
    json(`${depth} lists`, () => `[[${'['.repeat(depth)}${']'.repeat(depth)}], {}, {}]`),
    json(`${depth} objects`, () => `[[${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}], {}, {}]`),
    json(`${depth} callbacks in callbacks`, () => {
      const open = '{"task": "t", "options": {"link": [';
      return `[[], {}, {"callbacks": [${open.repeat(depth / 50)}${']}}'.repeat(depth / 50)}]}]`;
    }),
  ]);
}

function wide(): Bomb[] {
  const items = 10_000_000;
  return [
    json('ten million numbers', () => `[[${'0,'.repeat(items)}0], {}, {}]`),
    json('ten million texts', () => `[[${'"",'.repeat(items)}""], {}, {}]`),
    json('a million lists', () => `[[${'[],'.repeat(1_100_000)}[]], {}, {}]`),
    json('ten million callbacks', () => `[[], {}, {"callbacks": [${'0,'.repeat(items)}0]}]`),
    json('a million names', () => `[[], {${names(1_100_000, (index) => `k${index}`)}}, {}]`),
  ];
}

function long(): Bomb[] {
  const digits = [5_000, MIB, 15 * MIB, 100 * MIB];
  return [
    ...digits.flatMap((count) => [
      json(`a number of ${count} digits`, () => `[[${'9'.repeat(count)}], {}, {}]`),
      json(`a fraction of ${count} digits`, () => `[[0.${'9'.repeat(count)}], {}, {}]`),
      json(`an exponent of ${count} digits`, () => `[[1e${'9'.repeat(count)}], {}, {}]`),
    ]),
    ...[MIB, 15 * MIB].flatMap((count) => [
      json(`a text of ${count} backslashes`, () => `[["__${'\\'.repeat(count)}"], {}, {}]`),
      json(`${count} quotes`, () => `NaN${'"\\"'.repeat(count / 3)}`),
      json(`${count} blanks`, () => `[NaN${' '.repeat(count)}`),
      json(`${count} minus signs`, () => `[[${'-'.repeat(count)}`),
      json(`${count} nearly typed values`, () => `[[${'{"__type__":"date",'.repeat(count / 19)}`),
    ]),
  ];
}

/** Names that are whole numbers: V8 of old put those with equal low bits into one place of its table of names. */
function colliding(): Bomb[] {
  return [1, 2 ** 10, 2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24].flatMap((stride) => [
    json(
      `names ${stride} apart`,
      () => `[[], {${names(99_000, (index) => (index * stride) % 2 ** 32)}}, {}]`,
    ),
    json(`texts ${stride} apart`, () => {
      const texts = Array.from({ length: 200_000 }, (_, index) => `"${(index * stride) % 2 ** 32}"`);
      return `[[${texts.join()}], {}, {}]`;
    }),
  ]);
}

function names(count: number, name: (index: number) => string | number): string {
  return Array.from({ length: count }, (_, index) => `"${name(index)}":0`).join();
}

const SIZES_MIB = [16, 63, 65, 256];

function inflating(content: Content): Bomb[] {
  const kinds = ['gzip', 'brotli', 'bzip2', 'zstd'];
  const packed = (kind: string, bytes: Buffer): Buffer => {
    if (kind === 'bzip2') return bzip2(bytes);
    if (kind === 'brotli') return zlib.brotliCompressSync(bytes, BROTLI);
    if (kind === 'gzip') return zlib.gzipSync(bytes, { level: 1 });
    return content.encode(bytes.toString('latin1'), 'json', kind).body;
  };
  return kinds.flatMap((kind) => [
    ...SIZES_MIB.flatMap((size) =>
      [' ', '[', '0'].map((filler) => ({
        name: `${size} MiB of ${JSON.stringify(filler)} in ${kind}`,
        contentType: JSON_TYPE,
        compression: kind,
        body: () => packed(kind, Buffer.alloc(size * MIB, filler)),
      })),
    ),
    {
      name: `${kind} in ${kind}`,
      contentType: JSON_TYPE,
      compression: kind,
      body: () => packed(kind, packed(kind, Buffer.alloc(16 * MIB))),
    },
    {
      name: `half of ${kind}`,
      contentType: JSON_TYPE,
      compression: kind,
      body: () => packed(kind, Buffer.alloc(16 * MIB)).subarray(0, 60),
    },
  ]);
}

const BROTLI = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

function binary(): Bomb[] {
  const msgpack = (name: string, body: () => Buffer): Bomb => {
    return { name: `msgpack: ${name}`, contentType: 'application/x-msgpack', body };
  };
  return [
    ...DEPTHS.flatMap((depth) => [
      msgpack(`${depth} lists`, () => Buffer.alloc(depth, 0x91)),
      msgpack(`${depth} objects`, () => Buffer.from('81a161'.repeat(depth), 'hex')),
    ]),
    ...['dd', 'df', 'c6', 'db', 'c9'].map((head) =>
      msgpack(`${head} claims billions`, () => Buffer.from(`93${head}ffffffff`, 'hex')),
    ),
    msgpack('lists that claim what is there', () => Buffer.from('dc7fff'.repeat(MIB), 'hex')),
    msgpack('ten million nulls', () =>
      Buffer.concat([Buffer.from('93dd00989680', 'hex'), Buffer.alloc(10_000_000, 0xc0)]),
    ),
  ];
}

function referring(): Bomb[] {
  const yaml = (name: string, body: () => string): Bomb => {
    return { name: `YAML: ${name}`, contentType: 'application/x-yaml', body: () => Buffer.from(body()) };
  };
  return [
    ...[20, 100, 10_000].map((depth) =>
      yaml(`${depth} aliases that double`, () => {
        const lines = Array.from(
          { length: depth },
          (_, index) => `- &a${index + 1} [*a${index}, *a${index}]`,
        );
        return ['- &a0 [x, x]', ...lines, ''].join('\n');
      }),
    ),
    ...[1_000, 100_000, MIB].flatMap((depth) => [
      yaml(`${depth} open lists`, () => '['.repeat(depth)),
      yaml(`${depth} open objects`, () => '{a: '.repeat(depth)),
      yaml(`${depth} lists by dashes`, () => '- '.repeat(depth)),
      yaml(`${depth} anchors`, () => '&a '.repeat(depth)),
      yaml(`${depth} merges`, () => `- &a {b: 1}\n${'- <<: *a\n'.repeat(depth / 10)}`),
      yaml(`${depth} question marks`, () => '? '.repeat(depth)),
      yaml(`${depth} quotes`, () => `"${'\\"'.repeat(depth)}`),
      yaml(`${depth} digits`, () => `- [${'9'.repeat(depth)}]\n- {}\n- {}\n`),
      yaml(`${depth} colons`, () => ': '.repeat(depth)),
      yaml(`${depth} tags`, () => '!!a '.repeat(depth)),
      yaml(`${depth} lines`, () => '- x\n'.repeat(depth)),
    ]),
  ];
}
