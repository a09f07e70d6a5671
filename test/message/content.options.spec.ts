import { describe, expect, it } from 'vitest';
import { EncodeError, InvalidOptionError, UndecodableMessageError } from '../../lib/errors.js';
import type { ContentOptions } from '../../lib/message/content.options.js';
import { contentOf } from './open-content.js';

const json = { contentType: 'application/json', contentEncoding: 'utf-8', compression: undefined };

describe('content options', () => {
  it.each<[string, ContentOptions, string]>([
    [
      'a serializer with a typo',
      { taskSerializer: 'jsno' },
      'celery.taskSerializer: unknown content type "jsno". Did you mean json?',
    ],
    [
      'an accepted type with a typo',
      { acceptContent: ['json', 'msgpck'] },
      'celery.acceptContent[1]: unknown content type "msgpck". Did you mean msgpack?',
    ],
    ['a MIME type with a typo', { acceptContent: ['application/jsn'] }, 'Did you mean application/json?'],
    [
      'something else altogether',
      { resultAcceptContent: ['protocol-buffers'] },
      'celery.resultAcceptContent[0]: unknown content type "protocol-buffers". Known: json',
    ],
    [
      'pickle',
      { acceptContent: ['json', 'pickle'] },
      'celery.acceptContent[1]: "pickle" is refused: reading pickle runs code',
    ],
    ['pickle by its MIME type', { acceptContent: ['application/x-python-serialize'] }, 'is refused'],
    ['pickle for results', { resultSerializer: 'pickle' }, 'celery.resultSerializer: "pickle" is refused'],
    [
      'a compression with a typo',
      { taskCompression: 'gzp' },
      'celery.taskCompression: unknown compression "gzp". Use gzip, brotli',
    ],
    ['lzma', { taskCompression: 'xz' }, 'celery.taskCompression: compression "xz" cannot be used'],
  ])('refuse %s', async (_what, options, problem) => {
    const opening = contentOf(options);
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(problem);
  });

  it.each(['gzip', 'zlib', 'brotli', 'bzip2', 'ZSTD', 'application/x-gzip'])(
    'allow the compression %s',
    async (taskCompression) => {
      await expect(contentOf({ taskCompression })).resolves.toBeDefined();
    },
  );
});

describe('what is accepted', () => {
  it('is JSON alone by default, and the refusal says how to accept more', async () => {
    const content = await contentOf();
    expect(() => content.decode(Buffer.from('a: 1'), { ...json, contentType: 'application/x-yaml' })).toThrow(
      `content type "application/x-yaml" is not accepted. Add 'yaml' to acceptContent`,
    );
  });

  it('may be named by MIME type', async () => {
    const content = await contentOf({ acceptContent: ['application/x-msgpack'] });
    expect(
      content.decode(Buffer.from('9101', 'hex'), { ...json, contentType: 'application/x-msgpack' }),
    ).toEqual([1]);
    expect(() => content.decode(Buffer.from('[1]'), json)).toThrow('not accepted');
  });

  it('is never pickle', async () => {
    const content = await contentOf();
    const pickled = Buffer.from('80049504000000000000004b01852e', 'hex');
    expect(() =>
      content.decode(pickled, {
        contentType: 'application/x-python-serialize',
        contentEncoding: 'binary',
        compression: undefined,
      }),
    ).toThrow('pickle is refused');
  });

  it('includes raw bytes and text always, as in kombu; text/plain when it is named', async () => {
    const content = await contentOf();
    const raw = { contentType: 'application/data', contentEncoding: 'binary', compression: undefined };
    expect(content.decode(Buffer.from([0xff, 0]), raw)).toEqual(Buffer.from([0xff, 0]));
    expect(content.decode(Buffer.from('é'), { ...raw, contentEncoding: 'utf-8' })).toBe('é');
    const plain = { contentType: 'text/plain', contentEncoding: 'utf-8', compression: undefined };
    expect(() => content.decode(Buffer.from('a'), plain)).toThrow(UndecodableMessageError);
    const text = await contentOf({ acceptContent: ['json', 'text/plain'] });
    expect(text.decode(Buffer.from('é'), plain)).toBe('é');
  });

  it('is bounded as received', async () => {
    const content = await contentOf({ maxBodyBytes: 10 });
    expect(() => content.decode(Buffer.from('[1, 2, 3, 4]'), json)).toThrow(
      'body of 12 bytes is over the limit of 10',
    );
  });
});

describe('what is written', () => {
  it('names a serializer that is not opened, and how to open it', async () => {
    const content = await contentOf();
    expect(() => content.encode([], 'msgpack')).toThrow('"msgpack" is not opened. Add it to acceptContent');
    expect(() => content.encode([], 'xml')).toThrow('unknown serializer "xml"');
    expect(() => content.encode([], 'pickle')).toThrow('pickle runs code');
  });

  it('is refused as such when a getter of the value throws', async () => {
    const content = await contentOf();
    const trap = {
      get value(): never {
        throw new Error('trapped');
      },
    };
    expect(() => content.encode([trap], 'json')).toThrow(EncodeError);
    expect(() => content.encode([trap], 'json')).toThrow('trapped');
  });
});
