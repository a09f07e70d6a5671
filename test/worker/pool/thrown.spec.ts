import { describe, expect, it } from 'vitest';
import { EncodeError, PublishError } from '../../../lib/errors.js';
import { toRemoteError, tracebackOf } from '../../../lib/message/remote-error.js';
import {
  DeliveryLost,
  Reject,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShuttingDown,
} from '../../../lib/task/task.signals.js';
import { fromThrown, toThrown } from '../../../lib/worker/pool/thrown.js';

/** Through a pipe or a port and back. */
const passed = (thrown: unknown): unknown => fromThrown(structuredClone(toThrown(thrown)));

class OutOfStock extends Error {
  constructor(readonly sku: string) {
    super(`no ${sku}`, { cause: new TypeError('miscounted') });
  }
}
class Unwanted extends Reject {}

describe('an error between parent and child', () => {
  it.each([
    new SoftTimeLimitExceeded(2),
    new TimeLimitExceeded(3),
    new WorkerShuttingDown(),
    new DeliveryLost(),
    new Reject('no', { requeue: true }),
    new PublishError('celery', true, 'closed'),
    new EncodeError('args[0]', 'it is a Map'),
  ])('of this library is of its class again: $name', (error) => {
    const again = passed(error);
    expect(again).toBeInstanceOf(error.constructor);
    const { name, message, stack } = error;
    expect(again).toMatchObject({ ...Object.fromEntries(Object.entries(error)), name, message, stack });
  });

  it('of a class made from one of ours is of ours', () => {
    expect(passed(new Unwanted('no'))).toBeInstanceOf(Reject);
  });

  it('of the user is stored as it would have been where it was thrown', () => {
    const error = new OutOfStock('cup');
    const again = passed(error);
    expect(again).toBeInstanceOf(Error);
    expect(again).not.toBeInstanceOf(OutOfStock);
    expect(again).toMatchObject({ sku: 'cup' });
    expect(toRemoteError(again)).toEqual(toRemoteError(error));
    expect(tracebackOf(again)).toBe(tracebackOf(error));
  });

  it.each([['text'], [{ a: 1 }], [undefined], [null], [7n], [Symbol('s')]])(
    'thrown %o, which is none',
    (thrown) => {
      expect(toRemoteError(passed(thrown))).toEqual(toRemoteError(thrown));
    },
  );

  it('that cannot be read harms nobody', () => {
    const hostile = new Proxy(new Error('x'), {
      get() {
        throw new Error('no');
      },
    });
    expect(passed(hostile)).toBe('an error that cannot be read');
  });

  it('that causes itself ends somewhere', () => {
    const error = new Error('round');
    error.cause = error;
    expect(tracebackOf(passed(error))).toContain('Caused by');
  });

  it('leaves behind what is no data', () => {
    const error = Object.assign(new Error('x'), { socket: new Map(), code: 'ECONNRESET', retry: () => 1 });
    expect(Object.keys(passed(error) as object)).toEqual(['code']);
  });
});
