import { unreachable } from '../runtime/unreachable.js';
import type { Broker } from './broker.js';
import type { BrokerSettings } from './broker.options.js';
import { schemeOf } from './transports.js';

/**
 * The broker its URL asks for, not yet connected. Loads only the driver it needs; the one place that knows them all.
 * @throws InvalidOptionError for a URL of no known broker or a bad transport option, MissingPackageError
 */
export async function openBroker(settings: BrokerSettings): Promise<Broker> {
  const { transport } = schemeOf(settings.urls[0] ?? '', 'broker');
  switch (transport) {
    case 'memory': {
      const { MemoryBroker } = await import('./memory/memory.broker.js');
      return MemoryBroker.open(settings);
    }
    case 'amqp': {
      const { AmqpBroker } = await import('./amqp/amqp.broker.js');
      return AmqpBroker.open(settings);
    }
    case 'redis': {
      const { RedisBroker } = await import('./redis/redis.broker.js');
      return RedisBroker.open(settings);
    }
    default:
      return unreachable(transport);
  }
}
