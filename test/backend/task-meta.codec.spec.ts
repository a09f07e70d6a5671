import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TaskMeta } from '../../lib/backend/result-backend.js';
import { TaskMetaCodec } from '../../lib/backend/task-meta.codec.js';
import { UndecodableMessageError } from '../../lib/errors.js';
import { contentOf } from '../message/open-content.js';
import { aMeta } from '../conformance/result-backend.conformance.js';

const codec = new TaskMetaCodec(await contentOf(), 'json');
const decode = (document: object | string): TaskMeta =>
  codec.decode(Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)), 'an-id');
const encode = (changes: Partial<TaskMeta>): string =>
  codec.encode(aMeta({ taskId: 'an-id', ...changes })).toString();

/** Everything that workers of this version of Celery stored in Redis, in the order of storing. */
function captured(version: string): string[] {
  const file = join(import.meta.dirname, '..', 'golden', 'results', `celery-${version}.jsonl`);
  return readFileSync(file, 'utf8').trim().split('\n');
}

describe.each(['5.2.6', '5.6'])('documents of Celery %s', (version) => {
  const documents = captured(version).map((text) => ({ text, fields: JSON.parse(text) }));

  it.each(documents)('are read: $fields.task_id $fields.status', ({ text, fields }) => {
    expect(codec.decode(Buffer.from(text), fields.task_id)).toEqual({
      taskId: fields.task_id,
      status: fields.status,
      result: fields.result,
      traceback: fields.traceback ?? undefined,
      children: fields.children ?? undefined,
      dateDone: fields.date_done ?? undefined,
      groupId: undefined,
      parentId: fields.parent_id,
      extended: undefined,
    });
  });

  it.each(documents)(
    'are written again with the same fields in the same order: $fields.task_id',
    ({ text, fields }) => {
      const written = codec.encode(codec.decode(Buffer.from(text), fields.task_id)).toString();
      expect(written).toBe(JSON.stringify(fields));
    },
  );
});

describe('task meta documents', () => {
  it('carry group, parent and the extended fields in the order in which Python writes them', () => {
    const extended = {
      queue: 'celery',
      stamps: { foo: 'bar' },
      retries: 0,
      name: 'tw.add',
      worker: 'w1@vm',
      kwargs: {},
      args: [1, 2],
    };
    expect(encode({ result: 3, groupId: 'g', parentId: 'p', extended })).toBe(
      '{"status":"SUCCESS","result":3,"traceback":null,"children":[],"date_done":"2026-11-21T04:05:36.329000+00:00",' +
        '"group_id":"g","parent_id":"p","name":"tw.add","args":[1,2],"kwargs":{},"worker":"w1@vm","retries":0,' +
        '"queue":"celery","stamped_headers":["foo"],"foo":"bar","task_id":"an-id"}',
    );
  });

  it('read the extended fields and stamps of Celery 5.6', () => {
    const text =
      '{"status": "SUCCESS", "result": 3, "traceback": null, "children": [], "date_done": "2026-11-21T04:24:15.320739+00:00", ' +
      '"name": "tw.add", "args": [1, 2], "kwargs": {}, "worker": "w1@vm", "retries": 0, "queue": "celery", ' +
      '"stamped_headers": ["foo"], "foo": "bar", "task_id": "x3"}';
    expect(codec.decode(Buffer.from(text), 'x3').extended).toEqual({
      name: 'tw.add',
      args: [1, 2],
      kwargs: {},
      worker: 'w1@vm',
      retries: 0,
      queue: 'celery',
      stamps: { foo: 'bar' },
    });
  });

  it('keep their own fields, whatever stamps a sender chose', () => {
    const stamps = {
      status: 'SUCCESS',
      result: 'forged',
      task_id: 'other',
      ['__proto__']: { a: 1 },
      mine: 1,
    };
    const extended = { name: 't', args: [], kwargs: {}, worker: 'w', retries: 0, queue: 'q', stamps };
    const failure = { exc_type: 'E', exc_message: [], exc_module: 'js' };
    const read = decode(encode({ status: 'FAILURE', result: failure, extended }));
    expect(read).toMatchObject({ taskId: 'an-id', status: 'FAILURE', result: failure });
    expect(read.extended?.stamps).toEqual({ mine: 1 });
  });

  it('read NaN, Infinity and integers that a double cannot hold', () => {
    const text = '{"status": "SUCCESS", "result": [NaN, -Infinity, 9007199254740993], "task_id": "x"}';
    expect(decode(text).result).toEqual([Number.NaN, Number.NEGATIVE_INFINITY, 9007199254740993n]);
  });

  it.each([
    ['null', null, []],
    ['text', 'boom', ['boom']],
    ['an object without a type', { exc_message: ['x'] }, [{ exc_message: ['x'] }]],
    ['a type that is no text', { exc_type: 1 }, [{ exc_type: 1 }]],
  ])('make an error of %s in an exception state', (_what, result, args) => {
    for (const status of ['FAILURE', 'RETRY', 'REVOKED']) {
      expect(decode({ status, result, task_id: 'x' }).result).toEqual({
        exc_type: 'Exception',
        exc_message: args,
        exc_module: 'builtins',
      });
    }
  });

  it.each([
    ['one argument written bare', 'boom', ['boom']],
    ['none', null, []],
    ['several', ['boom', { a: 1 }], ['boom', { a: 1 }]],
  ])('take for the arguments of an error: %s', (_what, exc_message, args) => {
    const result = { exc_type: 'Outer.Inner', exc_message, exc_module: null };
    expect(decode({ status: 'FAILURE', result, task_id: 'x' }).result).toEqual({
      exc_type: 'Outer.Inner',
      exc_message: args,
      exc_module: '',
    });
  });

  it('leave what merely looks like an error alone where a state has none', () => {
    const result = { exc_type: 'system', exc_module: 'os', exc_message: 'id' };
    expect(decode({ status: 'PROGRESS', result, task_id: 'x' }).result).toEqual(result);
  });

  it('belong to the task they were found under', () => {
    expect(decode({ status: 'SUCCESS', result: 1, task_id: 'another' }).taskId).toBe('an-id');
  });

  it.each([
    ['no object', '[1]'],
    ['no status', '{"task_id": "x"}'],
    ['no JSON', 'SUCCESS'],
    ['a pickle', '\x80\x04K\x03.'],
    ['a prototype', '{"status": "SUCCESS", "result": {"__proto__": {}}, "task_id": "x"}'],
    ['nothing', ''],
  ])('that are %s are refused', (_what, text) => {
    expect(() => decode(text)).toThrow(UndecodableMessageError);
  });
});

describe('result messages', () => {
  it('say themselves how they are written', async () => {
    const content = await contentOf({ acceptContent: ['json', 'msgpack'] });
    const reader = new TaskMetaCodec(content, 'json');
    const writer = new TaskMetaCodec(content, 'msgpack');
    const { contentType, contentEncoding } = writer;
    const body = writer.encode(aMeta({ taskId: 'x', result: { a: 1 } }));
    const properties = { deliveryMode: 1, priority: 0 } as const;
    const read = reader.decodeMessage({ body, contentType, contentEncoding, headers: {}, properties });
    expect(read).toMatchObject({ taskId: 'x', result: { a: 1 } });
  });
});
