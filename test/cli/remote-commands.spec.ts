import { describe, expect, it } from 'vitest';
import { compatJson } from '../../lib/cli/compat-json.js';
import { CONTROL_COMMANDS, INSPECT_COMMANDS, readPairs } from '../../lib/cli/remote-commands.js';
import { COMMANDS } from '../../lib/worker/control/commands.js';

const read = (name: string, ...words: string[]) => {
  const command = [...INSPECT_COMMANDS, ...CONTROL_COMMANDS].find((each) => each.name === name);
  if (command === undefined) throw new Error(`no command ${name}`);
  return command.read(words);
};

describe('commands of remote control', () => {
  it.each([
    ['add_consumer', ['mail'], { queue: 'mail', exchange: null, exchange_type: 'direct', routing_key: null }],
    [
      'add_consumer',
      ['mail', 'x', 'topic', '#'],
      { queue: 'mail', exchange: 'x', exchange_type: 'topic', routing_key: '#' },
    ],
    ['autoscale', ['10', '3'], { max: 10, min: 3 }],
    ['pause_queue', ['mail'], { queue: 'mail' }],
    ['pool_grow', [], { n: 1 }],
    ['pool_shrink', ['2'], { n: 2 }],
    ['rate_limit', ['mail.send', '10/m'], { task_name: 'mail.send', rate_limit: '10/m' }],
    ['time_limit', ['mail.send', '10', '20'], { task_name: 'mail.send', soft: 10, hard: 20 }],
    ['time_limit', ['mail.send', '1m'], { task_name: 'mail.send', soft: 60, hard: null }],
    ['revoke', ['a', 'b'], { task_id: ['a', 'b'] }],
    ['terminate', ['SIGKILL', 'a'], { signal: 'SIGKILL', task_id: ['a'] }],
    ['revoke_by_stamped_headers', ['user=7'], { headers: { user: ['7'] } }],
    ['query_task', ['a', 'b'], { ids: ['a', 'b'] }],
    ['registered', [], {}],
    ['registered', ['rate_limit'], { taskinfoitems: ['rate_limit'] }],
    ['conf', ['with_defaults'], { with_defaults: true }],
    ['memdump', ['5'], { samples: 5 }],
  ] as const)('%s %j are read as Celery reads them', (name, words, expected) => {
    expect(read(name, ...words)).toEqual(expected);
  });

  it.each([
    ['ping', ['x'], /expected no words, got x/],
    ['rate_limit', ['mail.send'], /expected <task> <rate>, got mail\.send/],
    ['pool_grow', ['many'], /n: expected a number of 0 or more, got "many"/],
    ['time_limit', ['x', 'soon'], /soft: "soon" is not a duration/],
    ['revoke_by_stamped_headers', ['user'], /expected key=value/],
  ] as const)('%s %j are refused', (name, words, said) => {
    expect(() => read(name, ...words)).toThrow(said);
  });

  it('are all known to our workers', () => {
    const unknown = [...INSPECT_COMMANDS, ...CONTROL_COMMANDS].filter(({ name }) => !COMMANDS.has(name));
    expect(unknown).toEqual([]);
  });

  it('of an application’s own take key=value', () => {
    expect(readPairs(['n=3', 'text=abc', 'list=[1]', 'eq=a=b'])).toEqual({
      n: 3,
      text: 'abc',
      list: [1],
      eq: 'a=b',
    });
  });
});

describe('the JSON of celery', () => {
  const replies = [
    { hostname: 'a', value: 'pong', error: undefined },
    { hostname: 'b', value: undefined, error: 'no' },
  ];

  it('is an object of inspect, a list of control', () => {
    expect(compatJson('inspect', 'ping', replies)).toEqual({ a: { ok: 'pong' }, b: { error: 'no' } });
    expect(compatJson('inspect', 'active', [{ hostname: 'a', value: [], error: undefined }])).toEqual({
      a: [],
    });
    expect(compatJson('control', 'heartbeat', replies)).toEqual([
      { a: { ok: 'pong' } },
      { b: { error: 'no' } },
    ]);
    expect(compatJson('control', 'heartbeat', [{ hostname: 'a', value: null, error: undefined }])).toEqual([
      { a: null },
    ]);
  });
});
