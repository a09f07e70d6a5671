import { describe, expect, it } from 'vitest';
import { UndecodableMessageError } from '../../lib/errors.js';
import { openContent } from '../../lib/message/content.factory.js';
import { contentFields, type ContentConfig } from '../../lib/message/content.options.js';
import { decodeTaskMessage, encodeTaskMessage } from '../../lib/message/task-message.codec.js';
import type { WireMessage } from '../../lib/message/wire-message.js';
import { readOptions } from '../../lib/runtime/options.js';

const content = await openContent(readOptions<ContentConfig>('celery', {}, contentFields));

/** Captured from Celery 5.6: `add.apply_async((1, 2), countdown=1, expires=30, priority=4, headers={'x-h': 1})`. */
function captured(changes: Partial<WireMessage> = {}): WireMessage {
  return {
    body: Buffer.from('[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'),
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    headers: {
      lang: 'py',
      task: 'tw.add',
      id: 'a-add',
      shadow: null,
      eta: '2026-11-21T04:18:02.906428+00:00',
      expires: '2026-11-21T04:18:31.906428+00:00',
      group: null,
      group_index: null,
      retries: 0,
      timelimit: [null, null],
      root_id: 'a-add',
      parent_id: null,
      argsrepr: '(1, 2)',
      kwargsrepr: '{}',
      origin: 'gen6970@vm',
      ignore_result: false,
      replaced_task_nesting: 0,
      stamped_headers: null,
      stamps: {},
      'x-h': 1,
    },
    properties: {
      correlationId: 'a-add',
      replyTo: '026979f3',
      deliveryMode: 2,
      priority: 4,
      expiration: '30000',
    },
    ...changes,
  };
}
const withHeaders = (headers: Record<string, unknown>): WireMessage =>
  captured({ headers: { ...captured().headers, ...headers } });
const withBody = (body: string): WireMessage => captured({ body: Buffer.from(body) });

describe('task message codec', () => {
  it('reads a captured protocol 2 message', () => {
    const message = decodeTaskMessage(captured(), content);
    expect(message).toMatchObject({
      id: 'a-add',
      task: 'tw.add',
      args: [1, 2],
      kwargs: {},
      retries: 0,
      etaMs: Date.parse('2026-11-21T04:18:02.906Z'),
      expires: '2026-11-21T04:18:31.906428+00:00',
      timeLimit: { hard: undefined, soft: undefined },
      rootId: 'a-add',
      parentId: undefined,
      replyTo: '026979f3',
      priority: 4,
      customHeaders: { 'x-h': 1 },
    });
  });

  it('writes what it read with the same headers, in the same order', () => {
    const written = encodeTaskMessage(decodeTaskMessage(captured(), content), content);
    expect(Object.keys(written.headers)).toEqual(Object.keys(captured().headers));
    expect(written.headers).toEqual({
      ...captured().headers,
      lang: 'js',
      eta: '2026-11-21T04:18:02.906000+00:00',
    });
    expect(JSON.parse(written.body.toString())).toEqual(JSON.parse(captured().body.toString()));
  });

  it('reads the smallest message that Celery workers run', () => {
    const smallest = captured({ headers: { task: 'tw.add', id: 'm' }, body: Buffer.from('[[1], {}, null]') });
    expect(decodeTaskMessage(smallest, content)).toMatchObject({
      id: 'm',
      rootId: 'm',
      retries: 0,
      args: [1],
    });
  });

  it('reads protocol 1', () => {
    const body = {
      task: 'tw.add',
      id: 'v1a',
      args: [1, 2],
      kwargs: {},
      group: null,
      retries: 0,
      eta: null,
      utc: true,
      expires: '2026-11-21T04:25:20.926445+00:00',
      callbacks: null,
      errbacks: null,
      timelimit: [null, 3],
      taskset: 'g',
      chord: null,
    };
    const message = decodeTaskMessage(
      captured({ headers: { h: 1 }, body: Buffer.from(JSON.stringify(body)) }),
      content,
    );
    expect(message).toMatchObject({
      id: 'v1a',
      groupId: 'g',
      timeLimit: { soft: 3 },
      customHeaders: { h: 1 },
    });
  });

  it.each([
    ['no id', withHeaders({ id: undefined }), 'task id is missing'],
    ['a number as id', withHeaders({ id: 7 }), 'task id is 7'],
    ['an empty eta', withHeaders({ eta: '' }), 'eta is ""'],
    ['a zero expires', withHeaders({ expires: 0 }), 'expires is 0'],
    ['a numeric eta', withHeaders({ eta: 1795234682 }), 'eta is 1795234682'],
    ['two elements', withBody('[[], {}]'), 'body has 2 elements'],
    ['a string body', withBody('"x"'), 'body is no list of 3'],
    ['kwargs that are a list', withBody('[[], [], {}]'), 'kwargs is a list'],
    ['args that are null', withBody('[null, {}, {}]'), 'args is'],
    [
      'a callback that is no list',
      withBody('[[], {}, {"callbacks": {"task": "x"}}]'),
      'callbacks is an object',
    ],
    ['invalid JSON', withBody('[[1, 2], {'), 'invalid JSON'],
    ['no content type', captured({ contentType: '' }), 'no content type'],
    ['pickle', captured({ contentType: 'application/x-python-serialize' }), 'pickle is refused'],
    ['an unknown content type', captured({ contentType: 'application/x-nope' }), 'not accepted'],
    ['an unknown typed value', withBody('[[{"__type__": "nope", "__value__": 1}], {}, {}]'), 'typed value'],
    ['a __proto__ key', withBody('[[{"__proto__": {"polluted": 1}}], {}, {}]'), '__proto__'],
    ['an escaped __proto__ key', withBody(String.raw`[[{"\u005f_proto__": 1}], {}, {}]`), '__proto__'],
    ['deep nesting', withBody('['.repeat(5000)), 'nested deeper'],
    ['corrupt compression', withHeaders({ compression: 'application/x-gzip' }), 'corrupt'],
    ['unknown compression', withHeaders({ compression: 'application/x-nope' }), 'unknown compression'],
    ['a long task name', withHeaders({ task: 'x'.repeat(300) }), 'longer than 255'],
  ])('refuses a message with %s', (_what, wire, reason) => {
    expect(() => decodeTaskMessage(wire, content)).toThrow(UndecodableMessageError);
    expect(() => decodeTaskMessage(wire, content)).toThrow(reason);
  });

  it('keeps integers beyond 2^53, NaN and typed values', () => {
    const body =
      '[[100000000000000000000, NaN, {"__type__": "datetime", "__value__": "2024-01-02T03:04:05.678000+00:00"}], {}, {}]';
    const { args } = decodeTaskMessage(withBody(body), content);
    expect(args).toEqual([100000000000000000000n, Number.NaN, new Date('2024-01-02T03:04:05.678Z')]);
  });

  it('sends a message on in the compression it came in', () => {
    const body = Buffer.from(
      '425a683931415926535967583a3d00000e1b8050042010000a3e6d9a0a20005435006834069a0940a0d1ea0f50c8c900' +
        'a7b4b37cd3c4c4cee0ad31c95dded64a1da07520308eae4300897ca10090e53e2ee48a70a120ceb0747a',
      'hex',
    );
    const wire = { ...withHeaders({ compression: 'application/x-bz2' }), body };
    const message = decodeTaskMessage(wire, content);
    const sent = encodeTaskMessage(message, content);
    expect(sent.headers).toMatchObject({ compression: 'application/x-bz2' });
    expect(decodeTaskMessage(sent, content).args).toEqual([1]);
  });

  it('names the argument that cannot be written', () => {
    const message = decodeTaskMessage(captured(), content);
    expect(() => encodeTaskMessage({ ...message, args: [0, { photo: new Map() }] }, content)).toThrow(
      'args[1].photo cannot be serialized: it is a Map',
    );
    expect(() => encodeTaskMessage({ ...message, kwargs: { at: new Date('x') } }, content)).toThrow(
      'kwargs.at cannot be serialized: it is an invalid Date',
    );
  });
});
