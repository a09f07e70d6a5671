import { describe, expect, it } from 'vitest';
import type { CallOptions } from '../../lib/canvas/call.options.js';
import { makeSignature } from '../../lib/canvas/signature.js';
import { fromSignatureDict, toSignatureDict } from '../../lib/canvas/signature-dict.js';
import { readSignatureOptions } from '../../lib/canvas/signature-options.js';
import type { SignatureDict } from '../../lib/message/signature.js';

const dict = (options: Record<string, unknown>, more: Partial<SignatureDict> = {}): SignatureDict => ({
  task: 'tw.add',
  args: [1, 2],
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
  ...more,
});
const step = dict({});

describe('a signature as a dictionary', () => {
  it('is written as Celery writes it', () => {
    const signature = makeSignature('tw.add', {
      args: [1, 2],
      options: { countdownMs: 3_000, queue: 'q' },
      immutable: true,
    });
    expect(toSignatureDict(signature)).toEqual({
      task: 'tw.add',
      args: [1, 2],
      kwargs: {},
      options: { countdown: 3, queue: 'q' },
      subtask_type: null,
      immutable: true,
    });
  });

  it.each<[CallOptions, Record<string, unknown>]>([
    [{ etaMs: Date.UTC(2030, 0, 2, 3, 4, 5, 678) }, { eta: '2030-01-02T03:04:05.678000+00:00' }],
    [{ expiresInMs: 1_500 }, { expires: 1.5 }],
    [{ expiresAtMs: 0 }, { expires: '1970-01-01T00:00:00.000000+00:00' }],
    [
      { retry: true, retryPolicy: { maxRetries: null, intervalStepMs: 200 } },
      { retry: true, retry_policy: { max_retries: null, interval_step: 0.2 } },
    ],
    [
      { exchange: 'e', routingKey: 'r', priority: 0 },
      { exchange: 'e', routing_key: 'r', priority: 0 },
    ],
    [
      { serializer: 'json', compression: 'gzip' },
      { serializer: 'json', compression: 'gzip' },
    ],
    [
      { headers: { a: 1 }, shadow: 's' },
      { headers: { a: 1 }, shadow: 's' },
    ],
    [
      { taskId: 'i', replyTo: 'o', rootId: 'r', parentId: 'p' },
      { task_id: 'i', reply_to: 'o', root_id: 'r', parent_id: 'p' },
    ],
    [
      { groupId: 'g', groupIndex: 0, replacedTaskNesting: 1 },
      { group_id: 'g', group_index: 0, replaced_task_nesting: 1 },
    ],
    [
      { link: [step], linkError: [step], chain: [step], chord: step },
      { link: [step], link_error: [step], chain: [step], chord: step },
    ],
    [
      { timeLimitSeconds: 10, softTimeLimitSeconds: 5 },
      { time_limit: 10, soft_time_limit: 5 },
    ],
    [
      { ignoreResult: true, argsrepr: 'a', kwargsrepr: 'k' },
      { ignore_result: true, argsrepr: 'a', kwargsrepr: 'k' },
    ],
    [{ stamps: { trace: ['t'] } }, { trace: ['t'], stamped_headers: ['trace'] }],
    [{ foreign: { add_to_parent: false } }, { add_to_parent: false }],
  ])('carries %j both ways', (options, wire) => {
    expect(toSignatureDict(makeSignature('tw.add', { options, immutable: false })).options).toEqual(wire);
    expect(fromSignatureDict(dict(wire)).options).toEqual(options);
  });
});

describe('a dictionary from the wire', () => {
  it('takes null for not given, a single callback for a list, a Date for its text', () => {
    const date = new Date(1_000);
    expect(readSignatureOptions({ queue: null, link: step, eta: date, expires: date })).toEqual({
      link: [step],
      etaMs: 1_000,
      expiresAtMs: 1_000,
    });
  });

  it.each<Record<string, unknown>>([
    { queue: { name: 'a' } },
    { queue: 'a'.repeat(256) },
    { countdown: '3' },
    { countdown: 1e300 },
    { countdown: Number.NaN },
    { eta: 'soon' },
    { eta: new Date(Number.NaN) },
    { priority: 1_000 },
    { link: [{ task: 'a' }] },
    { link: [step, 3] },
    { chord: [] },
    { headers: 'x' },
    { ignore_result: 'yes' },
    { task_id: 5 },
    { retry_policy: [] },
    { unknown_option: 1 },
  ])('keeps what it cannot be as foreign: %j', (options) => {
    expect(readSignatureOptions(options)).toEqual({ foreign: options });
  });

  it('lets no name reach a prototype', () => {
    const options = JSON.parse('{"__proto__": {"queue": "x"}, "constructor": 1}') as Record<string, unknown>;
    const read = readSignatureOptions(options);
    expect(read.queue).toBeUndefined();
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.keys(read.foreign ?? {})).toEqual(['__proto__', 'constructor']);
  });

  it('is one call, whatever built-in task it names', () => {
    expect(fromSignatureDict(dict({}, { task: 'celery.map', immutable: true }))).toMatchObject({
      immutable: true,
    });
  });
});
