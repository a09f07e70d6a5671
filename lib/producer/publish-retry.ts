import type { Broker, PublishTarget } from '../broker/broker.js';
import type { ResolvedRetryPolicy } from '../canvas/call.options.js';
import { BrokerUnavailableError, PublishError } from '../errors.js';
import type { WireMessage } from '../message/wire-message.js';
import { sleep, type Clock } from '../runtime/clock.js';

/** How a publish is repeated. */
export interface RepeatedPublish {
  readonly broker: Pick<Broker, 'publish'>;
  readonly clock: Clock;
  /** Undefined: once only. */
  readonly policy: ResolvedRetryPolicy | undefined;
  /** Until all attempts together must have settled, ms. */
  readonly deadlineMs: number;
  /** As `PublishOptions.notBeforeMs`. */
  readonly notBeforeMs: number | undefined;
}

/**
 * Publishes, and once more after each failure of which it is sure that nothing was delivered. A message that may be there
 * already is never sent again: that is the caller's to decide.
 * @throws whatever the last attempt threw
 */
export async function publishRepeatedly(
  { broker, clock, policy, deadlineMs, notBeforeMs }: RepeatedPublish,
  target: PublishTarget,
  message: WireMessage,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  for (let retries = 0; ; retries += 1) {
    const leftMs = deadlineMs - (clock.monotonicMs() - startedMs);
    try {
      return await broker.publish(target, message, { deadlineMs: leftMs, notBeforeMs });
    } catch (error) {
      const waitMs =
        policy === undefined || !surelyNotDelivered(error) ? undefined : waitBefore(retries, policy);
      if (waitMs === undefined || clock.monotonicMs() - startedMs + waitMs >= deadlineMs) throw error;
      await sleep(clock, waitMs);
    }
  }
}

function surelyNotDelivered(error: unknown): boolean {
  return (
    error instanceof BrokerUnavailableError || (error instanceof PublishError && !error.mayHaveBeenDelivered)
  );
}

/** Wait before retry number `retries` (0 is the first), ms; undefined: no more. */
export function waitBefore(retries: number, policy: ResolvedRetryPolicy): number | undefined {
  const { maxRetries, intervalStartMs, intervalStepMs, intervalMaxMs } = policy;
  if (maxRetries !== null && retries >= maxRetries) return undefined;
  return Math.min(intervalMaxMs, intervalStartMs + retries * intervalStepMs);
}
