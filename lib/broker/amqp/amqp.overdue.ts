import { BrokerRefusedError } from '../../errors.js';
import type { WireMessage } from '../../message/wire-message.js';
import { PRECONDITION_FAILED, replyCode, replyText } from './amqp.failures.js';

/**
 * RabbitMQ has closed a channel because a message on it was neither acknowledged nor given back within `consumer_timeout`:
 * everything held on it goes out again. Says so, and what to do about it; undefined: it was closed over something else.
 * @param oldest the message that was held longest
 */
export function overdue(
  queue: string,
  error: unknown,
  oldest: WireMessage | undefined,
): BrokerRefusedError | undefined {
  if (replyCode(error) !== PRECONDITION_FAILED) return undefined;
  const text = replyText(error);
  if (!/^delivery acknowledgement on channel \d+ timed out/.test(text)) return undefined;
  const limit = /(\d+) ms/.exec(text)?.[0] ?? 'some time';
  const reason =
    `${labelOf(oldest)} was held for longer than its consumer_timeout of ${limit}, and is handed out again with all that ` +
    'was taken from this queue. Give tasks that take so long a queue of their own where the limit is longer ' +
    '(consumer_timeout in rabbitmq.conf; from RabbitMQ 3.12 on a policy, or x-consumer-timeout of the queue), or ' +
    'acknowledge them early';
  return new BrokerRefusedError(`wait longer for queue ${JSON.stringify(queue)}`, reason, error);
}

/** The name and the id stand in the headers of protocol 2 alone. */
function labelOf(message: WireMessage | undefined): string {
  const { task, id } = message?.headers ?? {};
  return typeof task === 'string' && typeof id === 'string' ? `${task}[${id}]` : 'a message';
}
