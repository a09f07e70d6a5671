import { ACCESS_REFUSED, NOT_FOUND, PRECONDITION_FAILED, replyCode, replyText } from './amqp.failures.js';
import type { Posting } from './amqp.posting.js';

/**
 * RabbitMQ closes the channel over one publish it will not take: no such exchange, no permission, too large. Which of
 * those written may it have been? None when nobody can tell; several when an exchange has gone under those to it, as the
 * first of them may have arrived before.
 */
export function suspectsOf(sent: readonly Posting[], reason: unknown): readonly Posting[] {
  const text = replyText(reason);
  switch (replyCode(reason)) {
    case NOT_FOUND:
    case ACCESS_REFUSED:
      return sent.filter(({ target }) => text.includes(`exchange '${target.exchange || 'amq.default'}'`));
    case PRECONDITION_FAILED:
      // RabbitMQ would not have taken an earlier one of the same size or expiration either.
      return sent
        .filter(
          ({ message }) =>
            text.startsWith(`message size ${message.body.length} is larger`) ||
            namesExpiration(text, message.properties.expiration),
        )
        .slice(0, 1);
    default:
      return [];
  }
}

function namesExpiration(text: string, expiration: string | undefined): boolean {
  return expiration !== undefined && text.startsWith('invalid expiration') && text.includes(expiration);
}
