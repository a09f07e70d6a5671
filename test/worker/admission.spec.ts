import { describe, expect, it } from 'vitest';
import { admit, type AdmissionFacts } from '../../lib/worker/admission.js';
import { aTaskMessage } from './a-task-message.js';

const facts = (wish: Partial<AdmissionFacts> = {}): AdmissionFacts => ({
  now: 1_000,
  known: true,
  isRevoked: () => false,
  ...wish,
});

describe('admission', () => {
  it.each([
    ['nothing said', {}, {}, { run: 'now' }],
    ['due', { etaMs: 1_000 }, {}, { run: 'now' }],
    ['not due', { etaMs: 1_001 }, {}, { run: 'later', dueMs: 1_001 }],
    ['at its expiry', { expiresMs: 1_000 }, {}, { run: 'now' }],
    ['after its expiry', { expiresMs: 999 }, {}, { run: 'never', why: 'expired' }],
    ['expired before it is due', { expiresMs: 999, etaMs: 5_000 }, {}, { run: 'never', why: 'expired' }],
    [
      'revoked before it is due',
      { etaMs: 5_000 },
      { isRevoked: () => true },
      { run: 'never', why: 'revoked' },
    ],
    ['unknown and expired', { expiresMs: 1 }, { known: false }, { run: 'never', why: 'unknown' }],
  ] as const)('%s', (_, message, wish, verdict) => {
    expect(admit(aTaskMessage(message), facts(wish))).toEqual(verdict);
  });
});
