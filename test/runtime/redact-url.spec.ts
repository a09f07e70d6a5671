import { expect, it } from 'vitest';
import { redactUrl } from '../../lib/runtime/redact-url.js';

it.each([
  ['amqp://localhost:5672/shop', 'amqp://localhost:5672/shop'],
  ['amqp://ada:secret@host:5672/shop', 'amqp://ada:********@host:5672/shop'],
  ['redis://:secret@host/0', 'redis://:********@host/0'],
  // Written without escaping: no URL any more, and shown in the error that says so.
  ['redis://:se@cret@host/0', 'redis://:********@host/0'],
  ['redis://:se/cret@host/0', 'redis://:********@host/0'],
  ['amqp://a:one@h1/v;amqp://b:two@h2/v', 'amqp://a:********@h1/v;amqp://b:********@h2/v'],
  [
    'sentinel://h1:26379/0;sentinel://:two@h2:26379/0',
    'sentinel://h1:26379/0;sentinel://:********@h2:26379/0',
  ],
  ['rediss://host/0?password=secret&x=1', 'rediss://host/0?password=********&x=1'],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});
