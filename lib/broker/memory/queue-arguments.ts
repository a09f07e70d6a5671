import { InvalidOptionError } from '../../errors.js';
import { integer, oneOf, text } from '../../runtime/options.js';
import type { QueueDeclaration } from '../topology.js';

/** The `x-…` arguments the memory broker honours, as RabbitMQ means them. Others are carried. */
export interface QueueArguments {
  /** `x-max-priority`: messages of a higher priority go first; what is above the highest counts as it. 0: one line for all. */
  readonly maxPriority: number;
  /** `x-message-ttl`, ms; `Infinity` without. */
  readonly messageTtlMs: number;
  /** `x-expires`: how long the queue stays when nobody consumes it, ms; `Infinity` without. */
  readonly expiresMs: number;
  /** `x-max-length`: waiting messages; `Infinity` without. */
  readonly maxLength: number;
  /** `x-overflow`: what becomes of one more. Default: the message at the front is dropped. */
  readonly overflow: 'drop-head' | 'reject-publish';
  /** `x-dead-letter-exchange`; undefined: the dead are dropped. `''` is the default exchange. */
  readonly deadLetterExchange: string | undefined;
  /** `x-dead-letter-routing-key`; undefined: the key the message came with. */
  readonly deadLetterRoutingKey: string | undefined;
}

/** @throws InvalidOptionError naming the queue and the argument */
export function readQueueArguments({ name, arguments: given }: QueueDeclaration): QueueArguments {
  const path = (argument: string): string => `queue ${JSON.stringify(name)}: argument ${argument}`;
  const number = (argument: string, byDefault: number, min: number, max?: number): number =>
    integer(byDefault, min, max)(given[argument], path(argument));
  const exchange = given['x-dead-letter-exchange'];
  if (exchange !== undefined && typeof exchange !== 'string') {
    throw new InvalidOptionError(path('x-dead-letter-exchange'), 'expected the name of an exchange');
  }
  return {
    maxPriority: number('x-max-priority', 0, 0, 255),
    messageTtlMs: number('x-message-ttl', Infinity, 0),
    expiresMs: number('x-expires', Infinity, 1),
    maxLength: number('x-max-length', Infinity, 0),
    overflow: oneOf(['drop-head', 'reject-publish'], 'drop-head')(given['x-overflow'], path('x-overflow')),
    deadLetterExchange: exchange,
    deadLetterRoutingKey: text(undefined)(
      given['x-dead-letter-routing-key'],
      path('x-dead-letter-routing-key'),
    ),
  };
}
