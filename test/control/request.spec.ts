import { describe, expect, it } from 'vitest';
import { isAddressed } from '../../lib/control/addressed.js';
import { ALL, readRequest, requestMessage, type Addressees } from '../../lib/control/request.js';
import { readReplies, replyMessage } from '../../lib/control/reply.js';
import { contentOf } from '../message/open-content.js';
import { aMessage } from '../support/a-message.js';

const content = await contentOf();

/** What Celery 5.2.6 and 5.6 publish for `app.control.ping()`. */
const CAPTURED =
  '{"method": "ping", "arguments": {}, "destination": null, "pattern": null, "matcher": null, ' +
  '"ticket": "8f18ae65-1982-47d4-8c9e-9bfc60ba2820", ' +
  '"reply_to": {"exchange": "reply.celery.pidbox", "routing_key": "ef35d2b6-a8ec-3604-98d9-1fd0429a6b42"}}';
const READ = {
  method: 'ping',
  arguments: {},
  addressees: ALL,
  reply: { ticket: '8f18ae65-1982-47d4-8c9e-9bfc60ba2820', key: 'ef35d2b6-a8ec-3604-98d9-1fd0429a6b42' },
};

describe('a request', () => {
  it('of Celery is understood, and written as Celery writes it', () => {
    expect(readRequest(aMessage({ body: CAPTURED }), content)).toEqual(READ);

    const written = requestMessage(READ, content, { clock: 1, expiresMs: 1_795_234_073_433.8 });

    expect(written.body.toString()).toBe(JSON.stringify(JSON.parse(CAPTURED)));
    expect(written.headers).toEqual({ clock: 1, expires: 1795234073.4338 });
  });

  it('that wants no reply names none, and does not expire', () => {
    const request = { ...READ, reply: undefined };
    const written = requestMessage(request, content, { clock: 1 });

    expect(JSON.parse(written.body.toString())).not.toHaveProperty('ticket');
    expect(written.headers).toEqual({ clock: 1, expires: 0 });
    expect(readRequest(written, content)).toEqual(request);
  });

  it.each<[string, object, Addressees]>([
    [
      'names',
      { destination: ['w1@vm', 7], pattern: 'x', matcher: 'glob' },
      { kind: 'named', hostnames: ['w1@vm'] },
    ],
    ['a pattern', { pattern: 'w*', matcher: 'glob' }, { kind: 'matching', pattern: 'w*', matcher: 'glob' }],
    ['an empty list', { destination: [] }, ALL],
    ['a pattern without its kind', { pattern: 'w*' }, ALL],
  ])('is addressed by %s', (_, parts, addressees) => {
    const body = JSON.stringify({ method: 'ping', ...parts });
    expect(readRequest(aMessage({ body }), content)?.addressees).toEqual(addressees);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no method', '{}'],
    ['a method that is no text', '{"method": ["ping"]}'],
    ['arguments in a list', '{"method": "ping", "arguments": [1]}'],
    ['an unknown kind of pattern', '{"method": "ping", "pattern": "x", "matcher": "sql"}'],
    [
      'replies into an exchange of its choice',
      '{"method": "ping", "ticket": "t", "reply_to": {"exchange": "", "routing_key": "celery"}}',
    ],
    [
      'replies without a ticket',
      '{"method": "ping", "reply_to": {"exchange": "reply.celery.pidbox", "routing_key": "k"}}',
    ],
    ['replies to nowhere', '{"method": "ping", "ticket": "t", "reply_to": "k"}'],
  ])('%s is none', (_, body) => {
    expect(readRequest(aMessage({ body }), content)).toBeUndefined();
  });

  it('in pickle is none', () => {
    const pickled = aMessage({ body: CAPTURED, contentType: 'application/x-python-serialize' });
    expect(readRequest(pickled, content)).toBeUndefined();
  });
});

describe('a pattern', () => {
  const matches = (pattern: string, matcher: 'glob' | 'pcre', hostname = 'w1@host') =>
    isAddressed(hostname, { kind: 'matching', pattern, matcher });

  it('is a shell pattern over the whole name, or an expression from its start', () => {
    expect(['w*', 'w?@host', '[vw]1@*', 'w1', '*host', 'W*'].map((each) => matches(each, 'glob'))).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
    ]);
    expect(
      ['w', String.raw`w\d@`, '(?i)W', '^w1@host$', 'host', 'w2|w1', '(?P<n>w)'].map((each) =>
        matches(each, 'pcre'),
      ),
    ).toEqual([true, true, true, true, false, true, true]);
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(200)}!`],
    ['(a|a)*b', 'a'.repeat(200)],
    ['((((a{30}){30})){30})', 'aaa'],
    ['(?:.{0,30}.{0,30}){0,30}x', 'w'.repeat(200)],
    ['('.repeat(200), 'a'],
    ['(?=w)w', 'w1@host'],
    [String.raw`(w)\1`, 'ww'],
    ['w'.repeat(201), 'w'.repeat(201)],
  ])('that would run away means nobody: %s', (pattern, hostname) => {
    expect(matches(pattern, 'pcre', hostname)).toBe(false);
  });

  it('of many stars is answered as well', () => {
    expect(matches('*a'.repeat(100), 'glob', 'a'.repeat(99))).toBe(false);
    expect(matches('*'.repeat(200), 'glob')).toBe(true);
  });
});

describe('a reply', () => {
  it('has the shape that Celery reads', () => {
    const message = replyMessage('w1@vm', { ok: 'pong' }, content, { ticket: 't', clock: 3 });

    expect(message.body.toString()).toBe('{"w1@vm":{"ok":"pong"}}');
    expect(message.headers).toEqual({ ticket: 't', clock: 3 });
    expect(message.properties.deliveryMode).toBe(1);
  });

  it.each([
    ['{"w1@vm": {"ok": "pong"}}', { value: 'pong', error: undefined }],
    [`{"w1@vm": {"error": "KeyError('nosuchcmd')"}}`, { value: undefined, error: "KeyError('nosuchcmd')" }],
    ['{"w1@vm": {"clock": 9}}', { value: { clock: 9 }, error: undefined }],
    ['{"w1@vm": ["r1", "r3"]}', { value: ['r1', 'r3'], error: undefined }],
    ['{"w1@vm": null}', { value: null, error: undefined }],
  ])('%s of Celery is read', (body, read) => {
    expect(readReplies(aMessage({ body }), content)).toEqual([{ hostname: 'w1@vm', ...read }]);
  });

  it('that is none is none', () => {
    for (const body of ['{', '[]', '3', 'null'])
      expect(readReplies(aMessage({ body }), content)).toBeUndefined();
  });
});
