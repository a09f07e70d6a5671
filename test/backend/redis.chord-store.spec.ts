import { describe, expect, inject, it } from 'vitest';
import { ChordPartCodec } from '../../lib/backend/chord-part.codec.js';
import { CHORD_LEASE_MS } from '../../lib/backend/chord-store.js';
import { chordKeys } from '../../lib/backend/redis.chord-keys.js';
import { RedisChordStore } from '../../lib/backend/redis.chord-store.js';
import { BackendUnavailableError, UndecodableMessageError } from '../../lib/errors.js';
import { openContent } from '../../lib/message/content.factory.js';
import { contentFields, type ContentConfig } from '../../lib/message/content.options.js';
import type { RedisClient } from '../../lib/redis/redis.client.js';
import { readOptions } from '../../lib/runtime/options.js';
import { aChord, BODY, chordStoreConformance, claimed } from '../conformance/chord-store.conformance.js';
import { backendSettings } from './backend-settings.js';
import { aRedisChordWorld } from './redis.chord-world.js';

chordStoreConformance('redis', () => aRedisChordWorld(inject('redisUrl')));

const LOOK_MS = 60_000;
const DAY_MS = 86_400_000;
/** Of a Python worker, which renews nothing. */
const LEASE_MS = 2 * CHORD_LEASE_MS;

const aWorld = () => aRedisChordWorld(inject('redisUrl'));

describe("redis chord store, in Celery's layout", () => {
  it('keeps size, growth and parts as Python does, until nobody can want them any more', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(3);
    await w.store.grow(chord.groupId, ['added']);
    await chord.count(1, { result: { 'ä"': [1, null, 'x: y, z'] } });
    await chord.count(7, { taskId: 'added', groupIndex: undefined, result: 1.5 });

    const key = (ending: string): string => w.key(chord.groupId, ending);
    expect(await w.redis.get(key('.s'))).toBe('3');
    expect(await w.redis.get(key('.t'))).toBe('1');
    expect(await w.redis.zrange(key('.j'), '0', '-1', 'WITHSCORES')).toEqual([
      `[1, "${chord.idOf(1)}", "SUCCESS", {"\\u00e4\\"": [1, null, "x: y, z"]}]`,
      '1',
      '[1, "added", "SUCCESS", 1.5]',
      'inf',
    ]);
    for (const ending of ['.j', '.t', '.s', '.c', '.i'])
      expect(await w.redis.pttl(key(ending))).toBeGreaterThan(86_400_000);
  });

  it('counts parts that Python workers have added, once each, and reads them', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(4);
    const parts = w.key(chord.groupId, '.j');
    const failed = '{"exc_type": "ValueError", "exc_message": ["boom", 1], "exc_module": "builtins"}';
    await w.redis.zadd(parts, 0, `[1, "${chord.idOf(0)}", "SUCCESS", {"a": 1.5}]`);
    await w.redis.zadd(parts, 1, `[1, "${chord.idOf(1)}", "FAILURE", ${failed}]`);
    expect(await chord.count(0, { result: 'other' })).toEqual({ kind: 'repeated' });
    // It ran again, and something else came of it: Celery adds it a second time.
    await w.redis.zadd(parts, 1, `[1, "${chord.idOf(1)}", "SUCCESS", 5]`);
    expect(await chord.count(2)).toEqual({ kind: 'counted' });
    const claim = claimed(await chord.count(3));
    expect(claim.parts).toEqual([
      { taskId: chord.idOf(0), state: 'SUCCESS', result: { a: 1.5 } },
      { taskId: chord.idOf(1), state: 'SUCCESS', result: 5 },
      { taskId: chord.idOf(2), state: 'SUCCESS', result: 2 },
      { taskId: chord.idOf(3), state: 'SUCCESS', result: 3 },
    ]);
  });

  it('counts in chords that Python clients have opened', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.count(0);
    await w.redis.setex(w.key(chord.groupId, '.s'), 86_400, '2');
    await w.redis.incr(w.key(chord.groupId, '.t'));
    expect(await chord.count(1)).toEqual({ kind: 'counted' });
    const claim = claimed(await chord.count(2));
    expect(claim).toMatchObject({ body: BODY, rootId: 'root', missing: 0 });
    expect(claim.parts).toHaveLength(3);
  });

  it('is out of the sight of Python workers while it is being finished', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2);
    await chord.count(0);
    const claim = claimed(await chord.count(1));
    // What a Python worker does when the last part is delivered to it again.
    const key = (ending: string): string => w.key(chord.groupId, ending);
    await w.redis.zadd(key('.j'), 1, `[1, "${chord.idOf(1)}", "SUCCESS", 1]`);
    expect([await w.redis.zcard(key('.j')), await w.redis.get(key('.s'))]).toEqual([1, null]);
    await w.store.release(claim);
    expect(claimed(await chord.count(0)).parts).toEqual(claim.parts);
    await w.store.close(claim);
    expect(await w.kept(chord.groupId)).toEqual([]);
  });

  it('cleans up after a Python worker that has finished the chord', async () => {
    await using w = await aWorld();
    const [ours, theirs] = [aChord(w.store), aChord(w.store)];
    await ours.open(2);
    await ours.count(0);
    await theirs.count(0);
    for (const { groupId } of [ours, theirs])
      for (const ending of ['.j', '.t', '.s']) await w.redis.del(w.key(groupId, ending));
    await w.elapse(LOOK_MS);
    expect(await w.store.abandoned(100, [])).toEqual([]);
    for (const chord of [ours, theirs]) {
      expect(await w.kept(chord.groupId)).toEqual([]);
      expect(await chord.count(0)).toEqual({ kind: 'repeated' });
    }
  });

  it('leaves a chord to the Python worker that counted its last part, and takes it over when it is left lying', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2);
    await chord.count(0);
    await w.redis.zadd(w.key(chord.groupId, '.j'), 1, `[1, "${chord.idOf(1)}", "SUCCESS", 1]`);
    expect(await chord.count(0)).toEqual({ kind: 'repeated' });
    await w.elapse(LOOK_MS);
    expect(await w.store.abandoned(100, [])).toEqual([]);
    await w.elapse(LEASE_MS);
    const [claim] = await w.store.abandoned(100, []);
    expect(claim).toMatchObject({ groupId: chord.groupId, missing: 0 });
    expect(claim?.parts).toHaveLength(2);
  });

  it('takes over a chord that Python workers have counted past its end', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2);
    await chord.count(0);
    const parts = w.key(chord.groupId, '.j');
    for (const result of [1, 2])
      await w.redis.zadd(parts, 1, `[1, "${chord.idOf(1)}", "SUCCESS", ${result}]`);
    await w.elapse(LOOK_MS);
    await w.store.abandoned(100, []);
    await w.elapse(LEASE_MS);
    expect((await w.store.abandoned(100, []))[0]?.parts).toHaveLength(2);
  });

  it('goes on looking at an open chord until its deadline', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2, 200_000);
    for (const _look of [1, 2, 3]) {
      await w.elapse(LOOK_MS);
      expect(await w.store.abandoned(100, [])).toEqual([]);
    }
    await w.elapse(LOOK_MS);
    expect(await w.store.abandoned(100, [])).toMatchObject([{ groupId: chord.groupId, missing: 2 }]);
  });

  it('takes a part that it cannot read for a failed one', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2);
    await w.redis.zadd(w.key(chord.groupId, '.j'), 0, 'gASVCgAAAA==');
    const { parts } = claimed(await chord.count(1));
    expect(parts[0]).toMatchObject({ state: 'FAILURE', result: { exc_type: 'UndecodableMessageError' } });
    expect(parts[1]).toMatchObject({ state: 'SUCCESS' });
  });

  it('remembers what it has closed for a week, and not without bound', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(1);
    const claim = claimed(await chord.count(0));
    const done = w.key('', '').replace('celery-taskset-meta-', 'celery-chords-done');
    await w.redis.zadd(done, '1', 'long ago');
    await w.store.close(claim);
    expect(await w.redis.zrange(done, '0', '-1')).toEqual([chord.groupId]);
    expect(await w.redis.pttl(done)).toBeGreaterThan(6 * 86_400_000);
  });

  it('says what is wrong when Python workers count in lists', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await w.redis.rpush(w.key(chord.groupId, '.j'), '[1, "a", "SUCCESS", 1]');
    const counting = chord.count(1);
    await expect(counting).rejects.toThrow(BackendUnavailableError);
    await expect(counting).rejects.toThrow(/result_chord_ordered/);
    await chord.open(1);
    await w.elapse(LOOK_MS);
    expect(await w.store.abandoned(10, [])).toEqual([]);
    await w.elapse(w.lostAfterMs);
    expect(await w.store.abandoned(10, [])).toEqual([]);
  });

  it('lets go of a chord that nobody of its home has looked at until everything else of it had expired', async () => {
    await using w = await aWorld();
    const chord = aChord(w.store);
    await chord.open(2);
    await chord.count(0, { home: 'gone' });
    for (const ending of ['.j', '.s', '.c']) await w.redis.del(w.key(chord.groupId, ending));
    await w.elapse(LOOK_MS);
    expect(await w.store.abandoned(10, [])).toEqual([]);
    expect(await w.kept(chord.groupId)).toHaveLength(2);
    await w.elapse(4 * (w.lostAfterMs + DAY_MS));
    expect(await w.store.abandoned(10, [])).toEqual([]);
    expect(await w.kept(chord.groupId)).toEqual([]);
  });

  it('hands out the chords that it can read', async () => {
    await using w = await aWorld();
    const [good, bad] = [aChord(w.store), aChord(w.store)];
    for (const chord of [bad, good]) {
      await chord.open(1);
      await w.store.release(claimed(await chord.count(0)));
    }
    await w.redis.hset(w.key(bad.groupId, '.c'), 'body', 'in another serializer');
    const [claim, ...others] = await w.store.abandoned(10, []);
    expect([claim?.groupId, others]).toEqual([good.groupId, []]);
    await w.elapse(CHORD_LEASE_MS / 2);
    expect(await w.store.abandoned(10, [])).toEqual([]);
    if (claim !== undefined) await w.store.close(claim);
    await w.elapse(CHORD_LEASE_MS);
    await expect(w.store.abandoned(10, [])).rejects.toThrow(UndecodableMessageError);
  });

  it.each([
    // Written by Python: yaml.safe_dump, kombu's msgpack.
    ['yaml', (id: string) => `- 1\n- ${id}\n- SUCCESS\n- 7\n`],
    ['yaml', (id: string) => `[1, ${id}, SUCCESS, 7]\n`],
    [
      'msgpack',
      (id: string) =>
        Buffer.concat([
          Buffer.from([0x94, 1, 0xd9, id.length]),
          Buffer.from(id),
          Buffer.from([0xa7]),
          Buffer.from('SUCCESS'),
          Buffer.from([7]),
        ]),
    ],
  ])('knows what Python has written in %s', async (serializer, write) => {
    const accept = { acceptContent: ['json', serializer] };
    const content = await openContent(readOptions<ContentConfig>('celery', accept, contentFields));
    await using w = await aRedisChordWorld(inject('redisUrl'), { content, serializer });
    const body = { ...BODY, kwargs: {} };
    const chord = aChord(w.store, { body });
    await chord.open(3);
    await w.redis.zadd(w.key(chord.groupId, '.j'), 1, write(chord.idOf(1)));
    expect(await chord.count(1)).toEqual({ kind: 'repeated' });
    expect(await chord.count(0, { taskId: 'short' })).toEqual({ kind: 'counted' });
    expect(await chord.count(0, { taskId: 'short', result: 1 })).toEqual({ kind: 'repeated' });
    const claim = claimed(await chord.count(2));
    expect(claim.parts.map(({ result }) => result)).toEqual([0, 7, 2]);
    expect(claim.body).toEqual(body);
  });

  it('comes to the same when answers are lost and requests repeated', async () => {
    await using w = await aWorld();
    const { content, serializer } = await backendSettings();
    const twice = async <T>(send: (client: RedisClient) => Promise<T>): Promise<T> => {
      await send(w.redis);
      return send(w.redis);
    };
    const store = new RedisChordStore({
      requests: { run: twice },
      codec: new ChordPartCodec(content, serializer),
      keys: chordKeys(w.key('', '').replace('celery-taskset-meta-', ''), false),
      lostAfterMs: w.lostAfterMs,
    });
    const chord = aChord(store);
    await chord.open(2);
    await store.grow(chord.groupId, ['added']);
    await chord.count(1);
    await chord.count(2, { taskId: 'added', groupIndex: undefined });
    const claim = claimed(await chord.count(0));
    expect(claim.parts.map(({ result }) => result)).toEqual([0, 1, 2]);
    await store.release(claim);
    const [swept] = await store.abandoned(10, []);
    expect(swept).toEqual({ ...claim, token: swept?.token });
    await store.close(claim);
    expect(await w.kept(chord.groupId)).toEqual([]);
  });
});
