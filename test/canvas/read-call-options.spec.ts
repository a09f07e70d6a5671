import { describe, expect, it } from 'vitest';
import type { ApplyAsyncOptions } from '../../lib/canvas/call.options.js';
import { readApplyOptions } from '../../lib/canvas/read-call-options.js';
import { makeSignature } from '../../lib/canvas/signature.js';

const note = makeSignature('audit.note', { args: ['sent'], immutable: false });

describe('readApplyOptions', () => {
  it.each<[ApplyAsyncOptions | undefined, object]>([
    [undefined, {}],
    [{}, {}],
    [{ countdown: 10 }, { countdownMs: 10_000 }],
    [{ countdown: '1.5s' }, { countdownMs: 1_500 }],
    [{ countdown: -3 }, { countdownMs: -3_000 }],
    [{ eta: new Date(1_000) }, { etaMs: 1_000 }],
    [{ eta: '2030-01-02T03:04:05' }, { etaMs: Date.UTC(2030, 0, 2, 3, 4, 5) }],
    [{ eta: '2030-01-02T03:04:05.678+02:00' }, { etaMs: Date.UTC(2030, 0, 2, 1, 4, 5, 678) }],
    [{ expires: 30 }, { expiresInMs: 30_000 }],
    [{ expires: '1h' }, { expiresInMs: 3_600_000 }],
    [{ expires: new Date(5) }, { expiresAtMs: 5 }],
    [{ retry: false }, { retry: false }],
    [
      { retryPolicy: { maxRetries: null, intervalStep: '50ms' } },
      { retryPolicy: { maxRetries: null, intervalStepMs: 50 } },
    ],
    [
      { queue: 'urgent', exchange: '', routingKey: '' },
      { queue: 'urgent', exchange: '', routingKey: '' },
    ],
    [{ priority: 0 }, { priority: 0 }],
    [
      { serializer: 'yaml', compression: 'gzip' },
      { serializer: 'yaml', compression: 'gzip' },
    ],
    [{ headers: { 'x-tenant': 'a' } }, { headers: { 'x-tenant': 'a' } }],
    [
      { taskId: 'an-id', rootId: 'r', parentId: 'p', groupId: 'g' },
      { taskId: 'an-id', rootId: 'r', parentId: 'p', groupId: 'g' },
    ],
    [
      { timeLimit: '1m', softTimeLimit: 50 },
      { timeLimitSeconds: 60, softTimeLimitSeconds: 50 },
    ],
    [
      { shadow: 'other', ignoreResult: true, replyTo: 'q' },
      { shadow: 'other', ignoreResult: true, replyTo: 'q' },
    ],
    [{ stamps: { trace: 't' } }, { stamps: { trace: 't' } }],
    [
      { argsrepr: '…', kwargsrepr: '' },
      { argsrepr: '…', kwargsrepr: '' },
    ],
  ])('reads %j', (given, read) => {
    expect(readApplyOptions(given)).toEqual(read);
    expect(Object.isFrozen(readApplyOptions(given))).toBe(true);
  });

  it('takes an option that is undefined for one that is not given', () => {
    expect(readApplyOptions({ queue: undefined } as object)).toEqual({});
  });

  it("turns callbacks into Celery's dictionaries, one or many", () => {
    const dict = {
      task: 'audit.note',
      args: ['sent'],
      kwargs: {},
      options: {},
      subtask_type: null,
      immutable: false,
    };
    expect(readApplyOptions({ link: note, linkError: [note, note] })).toEqual({
      link: [dict],
      linkError: [dict, dict],
    });
  });

  it.each<[unknown, string]>([
    [{ contdown: 1 }, 'options.contdown: unknown option. Did you mean countdown?'],
    [{ bananas: 1 }, 'options.bananas: unknown option. Known: countdown, eta,'],
    [{ ['__proto__']: 1 }, 'options.__proto__: unknown option'],
    [3, 'options: expected an object, got 3'],
    [{ countdown: 1, eta: new Date() }, 'options.eta: cannot stand beside countdown'],
    [{ countdown: '10' }, 'options.countdown: "10" is not a duration'],
    [{ countdown: Infinity }, 'options.countdown: Infinity is not a duration'],
    [{ countdown: 1e300 }, 'options.countdown: expected at most 36500 days'],
    [{ eta: 5 }, 'options.eta: expected a Date or ISO text such as 2030-01-02T03:04:05Z, got 5'],
    [{ eta: 'tomorrow' }, 'got "tomorrow"'],
    [{ eta: new Date(Number.NaN) }, 'got an invalid or too far Date'],
    [{ expires: new Date(8.64e15) }, 'options.expires: expected a Date'],
    [{ priority: 256 }, 'options.priority: expected an integer, 0 to 255, got 256'],
    [{ priority: 1.5 }, 'got 1.5'],
    [{ queue: '' }, 'options.queue: expected a text of 1 to 255 characters, got ""'],
    [{ taskId: 7 }, 'options.taskId: expected a text of 1 to 255 characters, got 7'],
    [{ taskId: 'a\nb' }, 'options.taskId: expected a text'],
    [{ retry: 'no' }, 'options.retry: expected true or false, got "no"'],
    [{ retryPolicy: { maxRetry: 3 } }, 'options.retryPolicy.maxRetry: unknown option. Known: maxRetries'],
    [
      { retryPolicy: { maxRetries: -1 } },
      'options.retryPolicy.maxRetries: expected an integer, 0 or more, got -1',
    ],
    [{ headers: [] }, 'options.headers: expected an object, got a list of 0'],
    [{ headers: { root_id: 'x' } }, 'options.headers.root_id: is a header of the protocol itself'],
    [{ link: { task: 'a' } }, 'options.link: expected signatures, such as handle.s(), got an object (task)'],
    [{ linkError: 'audit.note' }, 'options.linkError: expected signatures'],
    [{ link: Array.from({ length: 1001 }, () => note) }, 'options.link: expected at most 1000, got 1001'],
    [
      { timeLimit: 10, softTimeLimit: 20 },
      'options.softTimeLimit: 20 s is longer than the hard limit of 10 s',
    ],
    [{ timeLimit: -1 }, 'options.timeLimit: expected a duration of 0 or more'],
    [{ stamps: 'x' }, 'options.stamps: expected an object, got "x"'],
  ])('refuses %j', (given, message) => {
    expect(() => readApplyOptions(given as ApplyAsyncOptions)).toThrow(message);
  });
});
