import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bindingMembers, topicMatches, topicPattern } from '../../lib/broker/redis/redis.bindings.js';
import { plainQueue } from '../../lib/broker/topology.js';

const PATTERNS = [
  'a.#',
  '#',
  '*',
  'a.*.c',
  '#.c',
  'a',
  '',
  'a.b.c',
  'a-b.*',
  '*.*',
  'é.#',
  '#.#',
  '*.',
  'a.#.*',
];
const KEYS = ['a', 'a.', 'a.b', 'a.b.c', 'a..c', 'c', '.c', '', '.', 'a-b.x', 'é.x', 'a.b.', '..', 'a.b.c.d'];

describe('Redis bindings', () => {
  it('are the members kombu writes', () => {
    const sep = '\x06\x16';
    const queue = plainQueue('celery');
    const topic = {
      ...queue,
      name: 'top',
      exchange: { ...queue.exchange!, type: 'topic' as const },
      routingKey: 'a.#',
    };
    const fanout = { ...topic, exchange: { ...queue.exchange!, type: 'fanout' as const }, routingKey: '' };

    expect(bindingMembers(queue, sep)).toEqual(['celery\x06\x16\x06\x16celery']);
    expect(bindingMembers(topic, sep)).toEqual(['a.#\x06\x16^a\\..*?$\x06\x16top']);
    expect(bindingMembers({ ...topic, bindings: ['b', 'a.#'] }, sep)).toEqual([
      'a.#\x06\x16^a\\..*?$\x06\x16top',
      'b\x06\x16^b$\x06\x16top',
    ]);
    expect(bindingMembers(fanout, sep)).toEqual(['\x06\x16\x06\x16top']);
  });

  it('write and match topics exactly as kombu does', () => {
    const script = [
      'import json, sys',
      'from kombu.transport.virtual.exchange import TopicExchange',
      'topic = TopicExchange(None)',
      'patterns, keys = json.load(sys.stdin)',
      'found = [[topic.key_to_pattern(p), [bool(topic._match(topic.key_to_pattern(p), k)) for k in keys]] for p in patterns]',
      'print(json.dumps(found))',
    ].join('\n');
    const answer = execFileSync('/usr/bin/python3', ['-c', script], {
      input: JSON.stringify([PATTERNS, KEYS]),
    });
    const ours = PATTERNS.map((pattern) => [
      topicPattern(pattern),
      KEYS.map((key) => topicMatches(pattern, key)),
    ]);

    expect(ours).toEqual(JSON.parse(answer.toString()));
  });

  it('match a hostile topic without effort', () => {
    const started = performance.now();
    expect(topicMatches(Array(200).fill('*').join('.'), '.'.repeat(2_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
