import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/logger.js';
import type { ExchangeDeclaration } from '../topology.js';
import type { AmqpTransportConfig } from './amqp.options.js';

/** What all parts of one broker share. */
export interface AmqpContext {
  /** Without credentials. */
  readonly url: string;
  readonly config: AmqpTransportConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Types of the exchanges declared so far: where nobody listening is no error. */
  readonly exchangeTypes: Map<string, ExchangeDeclaration['type']>;
}
