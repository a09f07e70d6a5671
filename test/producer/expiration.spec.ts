import { expect, it } from 'vitest';
import type { SignatureDict } from '../../lib/message/signature.js';
import { EMPTY_EMBED, type Embed } from '../../lib/message/task-message.js';
import { expirationOf } from '../../lib/producer/expiration.js';

const dict: SignatureDict = {
  task: 't',
  args: [],
  kwargs: {},
  options: {},
  subtask_type: null,
  immutable: false,
};

it.each<[what: string, expiresMs: number | undefined, embed: Partial<Embed>, expected: string | undefined]>([
  ['one that does not expire', undefined, {}, undefined],
  ['one that expires later', 5_500, {}, '4500'],
  ['one that has expired', 500, {}, '0'],
  ['one with callbacks', 5_500, { callbacks: [dict], errbacks: [dict] }, '4500'],
  ['a step of a chain, for the next has to hear of it', 5_500, { chain: [dict] }, undefined],
  ['a part of a chord', 5_500, { chord: dict }, undefined],
])('the broker may drop %s', (_what, expiresMs, embed, expected) => {
  expect(expirationOf({ expiresMs, embed: { ...EMPTY_EMBED, ...embed } }, 1_000)).toBe(expected);
});
