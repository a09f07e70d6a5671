import { describe, expect, it } from 'vitest';
import { ChordPartCodec } from '../../lib/backend/chord-part.codec.js';
import { UndecodableMessageError } from '../../lib/errors.js';
import { BODY } from '../conformance/chord-store.conformance.js';
import { backendSettings } from './backend-settings.js';

async function aCodec(): Promise<ChordPartCodec> {
  const { content, serializer } = await backendSettings();
  return new ChordPartCodec(content, serializer);
}

describe('a part of a chord', () => {
  const failure = { exc_type: 'ValueError', exc_message: ['boom', 1], exc_module: 'builtins' };

  // Captured from Celery 5.6 on Redis, or what Python's json.dumps makes of the same value.
  it.each([
    ['SUCCESS', 3, '[1, "h1", "SUCCESS", 3]'],
    [
      'FAILURE',
      failure,
      '[1, "h1", "FAILURE", {"exc_type": "ValueError", "exc_message": ["boom", 1], "exc_module": "builtins"}]',
    ],
    ['SUCCESS', undefined, '[1, "h1", "SUCCESS", null]'],
    ['SUCCESS', [[], {}, true, -1.5], '[1, "h1", "SUCCESS", [[], {}, true, -1.5]]'],
    ['SUCCESS', 2n ** 70n, '[1, "h1", "SUCCESS", 1180591620717411303424]'],
    [
      'SUCCESS',
      'a: "b", \\ ä 😀 \u007f \n / </',
      String.raw`[1, "h1", "SUCCESS", "a: \"b\", \\ \u00e4 \ud83d\ude00 \u007f \n / </"]`,
    ],
    ['SUCCESS', { 'a:b,': 1 }, '[1, "h1", "SUCCESS", {"a:b,": 1}]'],
  ] as const)('is written as Python writes it: %s %o', async (state, result, text) => {
    const codec = await aCodec();
    const member = codec.encodePart({ taskId: 'h1', state, result });
    expect(member.toString()).toBe(text);
    expect(codec.decodePart(member)).toEqual({ taskId: 'h1', state, result: result ?? null });
  });

  it('has failed when it cannot be read', async () => {
    const codec = await aCodec();
    for (const text of ['', 'gASV', '{}', '[1]', '[1, 2, "SUCCESS", 3]'])
      expect(codec.decodePart(Buffer.from(text))).toMatchObject({ taskId: '', state: 'FAILURE' });
    expect(codec.decodePart(Buffer.from('[1, "h1", "FAILURE", "no error"]')).result).toEqual({
      exc_type: 'Exception',
      exc_message: ['no error'],
      exc_module: 'builtins',
    });
  });

  it('carries a body that comes back as it was', async () => {
    const codec = await aCodec();
    expect(codec.decodeBody(codec.encodeBody(BODY))).toEqual(BODY);
    expect(() => codec.decodeBody(Buffer.from('[]'))).toThrow(UndecodableMessageError);
  });
});
