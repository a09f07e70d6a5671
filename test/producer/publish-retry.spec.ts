import { describe, expect, it } from 'vitest';
import {
  BrokerUnavailableError,
  PublishError,
  TopologyConflictError,
  UnroutableError,
} from '../../lib/errors.js';
import { makeSignature } from '../../lib/canvas/signature.js';
import { waitBefore } from '../../lib/producer/publish-retry.js';
import { openProducer } from './world.js';

const down = () => new BrokerUnavailableError('amqp://host');
const notThere = () => new PublishError('mail', false, 'connection closed');
const perhaps = () => new PublishError('mail', true, 'no answer');
const call = makeSignature('mail.send', { immutable: false });

/** The outcome of a promise, asked for without waiting for it. */
function watch(promise: Promise<unknown>): { settled: unknown } {
  const seen: { settled: unknown } = { settled: undefined };
  promise.then(
    () => (seen.settled = 'sent'),
    (error: unknown) => (seen.settled = error),
  );
  return seen;
}

describe('a publish that failed', () => {
  it("is repeated after 0, 0.2 and 0.4 s, Celery's policy, and then given up", async () => {
    const { producer, broker, clock } = await openProducer({ failures: Array.from({ length: 9 }, down) });

    const outcome = watch(producer.send(call));
    await clock.advance(0);
    expect(broker.attempts).toBe(2);
    await clock.advance(199);
    expect(broker.attempts).toBe(2);
    await clock.advance(1);
    expect(broker.attempts).toBe(3);
    await clock.advance(400);

    expect(broker.attempts).toBe(4);
    expect(outcome.settled).toBeInstanceOf(BrokerUnavailableError);
    expect(clock.timers).toBe(0);
  });

  it('succeeds in the end with the same message', async () => {
    const { producer, broker, clock } = await openProducer({ failures: [down(), notThere()] });

    const outcome = watch(producer.send(call, { taskId: 'an-id' }));
    await clock.advance(1_000);

    expect(outcome.settled).toBe('sent');
    expect(broker.message.headers['id']).toBe('an-id');
  });

  it.each([
    perhaps(),
    new UnroutableError('mail'),
    new TopologyConflictError('queue mail', 'x'),
    new Error('other'),
  ])('is not repeated when it may be there, or would fail again: %s', async (failure) => {
    const { producer, broker } = await openProducer({ failures: [failure] });

    await expect(producer.send(call)).rejects.toBe(failure);

    expect(broker.attempts).toBe(1);
  });

  it.each([
    [{ taskPublishRetry: false }, {}],
    [{}, { retry: false }],
    [{ taskPublishRetryPolicy: { maxRetries: 0 } }, {}],
    [{}, { retryPolicy: { maxRetries: 0 } }],
  ])('is not repeated under %j and %j', async (options, given) => {
    const failure = down();
    const { producer, broker } = await openProducer({ options, failures: [failure] });

    await expect(producer.send(call, given)).rejects.toBe(failure);

    expect(broker.attempts).toBe(1);
  });

  it('is repeated for ever under maxRetries null, within the deadline', async () => {
    const { producer, broker, clock } = await openProducer({ failures: Array.from({ length: 100 }, down) });

    const outcome = watch(producer.send(call, { retryPolicy: { maxRetries: null } }));
    await clock.advance(28_900);
    expect(outcome.settled).toBeUndefined();
    await clock.advance(1_000);

    expect(outcome.settled).toBeInstanceOf(BrokerUnavailableError);
    expect(broker.attempts).toBeGreaterThan(25);
    expect(clock.timers).toBe(0);
  });

  it('leaves each attempt only the time that is left', async () => {
    const { producer, broker, clock } = await openProducer({ failures: [down(), down()] });

    const outcome = watch(producer.send(call));
    await clock.advance(200);

    expect(outcome.settled).toBe('sent');
    expect(broker.only.deadlineMs).toBe(29_800);
  });
});

describe('waitBefore', () => {
  const policy = { maxRetries: 8, intervalStartMs: 100, intervalStepMs: 300, intervalMaxMs: 1_000 };

  it.each([
    [0, 100],
    [1, 400],
    [3, 1_000],
    [7, 1_000],
    [8, undefined],
  ])('retry %i waits %s ms', (retries, waitMs) => {
    expect(waitBefore(retries, policy)).toBe(waitMs);
  });
});
