import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { quarantined, type InteropWorld } from '../world.js';

interface BadMessage {
  readonly name: string;
  readonly body: string | Buffer;
  readonly content_type?: string | null;
  readonly content_encoding?: string | null;
  readonly headers?: object;
}

const JSON_TYPE = { content_type: 'application/json', content_encoding: 'utf-8' };
const BODY = '[[1], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]';
const task = (more: object = {}) => ({ task: 'js.echo', id: randomUUID(), ...more });

const BAD: readonly BadMessage[] = [
  { name: 'invalid JSON', body: '[[1], {}, {', ...JSON_TYPE, headers: task() },
  {
    name: 'pickle',
    body: Buffer.from('gASVCgAAAAAAAACMBnBvc2l4lC4=', 'base64'),
    content_type: 'application/x-python-serialize',
    content_encoding: 'binary',
    headers: task(),
  },
  { name: 'no id', body: BODY, ...JSON_TYPE, headers: { task: 'js.echo' } },
  { name: 'neither task nor id', body: '"hello"', ...JSON_TYPE, headers: {} },
  { name: 'a body of two parts', body: '[[1], {}]', ...JSON_TYPE, headers: task() },
  { name: 'an eta that is no date', body: BODY, ...JSON_TYPE, headers: task({ eta: 'soon' }) },
  {
    name: 'a content type nobody knows',
    body: BODY,
    content_type: 'text/elvish',
    content_encoding: 'utf-8',
    headers: task(),
  },
  {
    name: 'a compression that is none',
    body: BODY,
    ...JSON_TYPE,
    headers: task({ compression: 'application/x-gzip' }),
  },
  { name: 'bytes that are no text', body: Buffer.from([0xff, 0xfe, 0x00]), ...JSON_TYPE, headers: task() },
];

/** Messages a careless Python producer can send. Several of them end a Python worker: none ends ours. */
export function badMessages(world: () => InteropWorld): void {
  describe('a Python client sends what is no task', () => {
    it.each(BAD)(
      '$name: put aside whole, and the worker goes on',
      async ({ body, content_type, content_encoding, headers }) => {
        const { python, client, queues } = world();
        const sent = { content_type, content_encoding, headers };
        await python.ask('raw', { queue: queues.js, body: Buffer.from(body).toString('base64'), ...sent });
        const [kept] = await quarantined(world(), queues.js, 1);

        expect(Buffer.from(kept?.body ?? '', 'base64')).toEqual(Buffer.from(body));
        expect(kept).toMatchObject({ content_type, headers });
        expect(kept?.headers).toMatchObject({
          'x-quarantine-queue': queues.js,
          'x-quarantine-reason': expect.stringMatching(/\w{3}/),
        });
        const ours = await python.send('js.add', [1, 1]);
        const theirs = await client.applyAsync('py.add', { args: [1, 1] });
        expect(await python.get(ours.id)).toMatchObject({ state: 'SUCCESS', value: 2 });
        expect(await theirs.get({ timeout: 20 })).toBe(2);
      },
    );
  });
}
