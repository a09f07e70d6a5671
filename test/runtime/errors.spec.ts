import { expect, it } from 'vitest';
import { BrokerUnavailableError } from '../../lib/errors.js';

it.each([
  ['403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - Login was refused"', /does not let this user in/],
  ['WRONGPASS invalid username-password pair or user is disabled.', /name and the password right/],
  ['NOAUTH Authentication required.', /does not let this user in/],
  ['connect ECONNREFUSED 127.0.0.1:6379', /cannot be reached\. Is it running/],
])('a broker that says %j is unavailable for a reason that is told', (said, told) => {
  expect(new BrokerUnavailableError('redis://host', new Error(said)).message).toMatch(told);
});
