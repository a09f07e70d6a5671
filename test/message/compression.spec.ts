import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { InvalidOptionError, UndecodableMessageError } from '../../lib/errors.js';
import { contentOf } from './open-content.js';

const TEXT = '[[1], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]';
/** TEXT as Python's zlib, bz2 and zstandard compress it. */
const BY_PYTHON = {
  zlib: '789c8b8e368cd551a8ae0562a5e4c49c9ca4c4e4ec62252b85bcd29c1c1d05a5d4a2223491e48cc4cc3c646e7e510a945b1b0b00e12a1972',
  bz2:
    '425a683931415926535967583a3d00000e1b8050042010000a3e6d9a0a20005435006834069a0940a0d1ea0f50c8c900' +
    'a7b4b37cd3c4c4cee0ad31c95dded64a1da07520308eae4300897ca10090e53e2ee48a70a120ceb0747a',
  zstd:
    '28b52ffd204edd0100e4025b5b315d2c207b7d2c207b2263616c6c6261636b73223a206e756c6c2c2022657272636861696e' +
    '63686f72647d5d030032b3266ad3aa6e3e01',
  /** By `compressobj`, which does not know the length when it writes the header. */
  zstdStream:
    '28b52ffd0058dd0100e4025b5b315d2c207b7d2c207b2263616c6c6261636b73223a206e756c6c2c2022657272636861696e' +
    '63686f72647d5d030032b3266ad3aa6e3e01',
};
/** Fifty million times "[", by Python's bz2: 83 bytes. */
const BZ2_BOMB =
  '425a683931415926535901ab378d015f8e020080080008200030804d4642a025a90a80973141592653592a13ac61001f' +
  '688300800800100008200030cc09aa6995220daa5220f1772453850902945c37b0';

const content = await contentOf({ acceptContent: ['json', 'application/data'] });
const json = { contentType: 'application/json', contentEncoding: 'utf-8' };

describe('a compressed body', () => {
  it.each(['application/x-gzip', 'gzip', 'zlib', 'GZIP'])(
    'of Python is read when its header is %s',
    (compression) => {
      expect(content.decode(Buffer.from(BY_PYTHON.zlib, 'hex'), { ...json, compression })).toEqual(
        JSON.parse(TEXT),
      );
    },
  );

  it.each(['application/x-bz2', 'bzip2', 'bzip'])(
    'of Python is read when its header is %s',
    (compression) => {
      expect(content.decode(Buffer.from(BY_PYTHON.bz2, 'hex'), { ...json, compression })).toEqual(
        JSON.parse(TEXT),
      );
    },
  );

  it.each(['application/zstd', 'zstd', 'zstandard'])(
    'of Python is read when its header is %s',
    (compression) => {
      for (const bytes of [BY_PYTHON.zstd, BY_PYTHON.zstdStream]) {
        expect(content.decode(Buffer.from(bytes, 'hex'), { ...json, compression })).toEqual(JSON.parse(TEXT));
      }
    },
  );

  it('is written as zlib data under the name gzip, as kombu has it', () => {
    const written = content.encode([[1]], 'json', 'gzip');
    expect(written.compression).toBe('application/x-gzip');
    expect(zlib.inflateSync(written.body).toString()).toBe('[[1]]');
  });

  it.each([
    ['gzip', 'application/x-gzip'],
    ['zlib', 'application/x-gzip'],
    ['brotli', 'application/x-brotli'],
    ['bzip2', 'application/x-bz2'],
    ['zstd', 'application/zstd'],
  ])('in %s comes back', (name, mimeType) => {
    const value = [Array.from({ length: 500 }, (_, index) => `row ${index}`)];
    const { body, ...described } = content.encode(value, 'json', name);
    expect(described.compression).toBe(mimeType);
    expect(content.decode(body, described)).toEqual(value);
  });

  it.each([
    ['zlib', 'application/x-gzip', zlib.deflateSync(Buffer.alloc(50_000_000, '['))],
    ['brotli', 'application/x-brotli', zlib.brotliCompressSync(Buffer.alloc(50_000_000, '['), quick())],
    ['bzip2', 'application/x-bz2', Buffer.from(BZ2_BOMB, 'hex')],
    ['zstd', 'application/zstd', content.encode(['x'.repeat(50_000_000)], 'json', 'zstd').body],
    // One byte that is said to be a terabyte.
    ['zstd (declared)', 'application/zstd', Buffer.from('28b52ffde0000000000001000009000041', 'hex')],
  ])('in %s that would fill memory is refused before it does', (_name, compression, bomb) => {
    expect(() => content.decode(bomb, { ...json, compression })).toThrow(UndecodableMessageError);
    expect(() => content.decode(bomb, { ...json, compression })).toThrow('once decompressed');
  });

  it('may not be longer than the limit once decompressed', async () => {
    const small = await contentOf({ maxDecompressedBytes: 100 });
    const { body, ...described } = small.encode(['x'.repeat(200)], 'json', 'gzip');
    expect(() => small.decode(body, described)).toThrow('larger than 100 bytes');
  });

  it('in zstd that is longer than the limit without saying so is refused', async () => {
    const small = await contentOf({ maxDecompressedBytes: TEXT.length - 1 });
    const bytes = Buffer.from(BY_PYTHON.zstdStream, 'hex');
    expect(() => small.decode(bytes, { ...json, compression: 'zstd' })).toThrow('larger than');
  });

  const COMPRESSIONS = ['gzip', 'brotli', 'bzip2', 'zstd'];
  it.each(COMPRESSIONS)('that is no %s is refused', (compression) => {
    const others = COMPRESSIONS.filter((name) => name !== compression);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('x'),
      Buffer.from(TEXT),
      ...others.map((name) => content.encode([TEXT], 'json', name).body),
    ]) {
      expect(() => content.decode(bytes, { ...json, compression })).toThrow(UndecodableMessageError);
    }
  });

  it.each(COMPRESSIONS)('in %s that ends anywhere too early is refused', (compression) => {
    const { body } = content.encode([TEXT], 'json', compression);
    for (let end = 0; end < body.length; end++) {
      expect(() => content.decode(body.subarray(0, end), { ...json, compression }), `${end} bytes`).toThrow(
        UndecodableMessageError,
      );
    }
  });

  it.each([
    ['application/x-lzma', 'no reader that bounds its output'],
    ['xz', 'no reader that bounds its output'],
    ['application/x-nope', 'unknown compression'],
    ['__proto__', 'unknown compression'],
    ['toString', 'unknown compression'],
  ])('in %s is refused with the reason', (compression, reason) => {
    expect(() => content.decode(Buffer.from(TEXT), { ...json, compression })).toThrow(reason);
  });

  it.each([
    ['lzma', 'no reader that bounds its output'],
    ['gzp', 'unknown compression "gzp". Use gzip, brotli, bzip2, zstd'],
  ])('cannot be written in %s', (compression, reason) => {
    expect(() => content.encode([], 'json', compression)).toThrow(InvalidOptionError);
    expect(() => content.encode([], 'json', compression)).toThrow(reason);
  });

  it('leaves what the process does about uncaught errors as it was', async () => {
    const before = listeners();
    await contentOf();
    expect(listeners()).toEqual(before);
  });
});

function listeners(): readonly number[] {
  return [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
}

function quick(): zlib.BrotliOptions {
  return { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
}
