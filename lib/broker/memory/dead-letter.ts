import type { WireMessage } from '../../message/wire-message.js';
import type { DeathReason, StoredMessage } from './stored-message.js';

/** An entry of the `x-death` header, as RabbitMQ writes it. */
interface Death {
  readonly count: number;
  readonly reason: DeathReason;
  readonly queue: string;
  readonly exchange: string;
  readonly 'routing-keys': readonly string[];
}

/**
 * The message as it goes to the dead-letter exchange: its `x-death` header tells where it died, how often and why,
 * latest first; it expires no more. Undefined when it has gone round in a circle on its own, without anybody rejecting
 * it: then it must be dropped, or it would go round for ever.
 */
export function deadLetter(
  { message, exchange, routingKey }: StoredMessage,
  queue: string,
  reason: DeathReason,
): WireMessage | undefined {
  const deaths = deathsOf(message);
  const before = deaths.find((death) => death.queue === queue && death.reason === reason);
  if (before !== undefined && ![reason, ...deaths.map((death) => death.reason)].includes('rejected')) {
    return undefined;
  }
  const death: Death = {
    count: (before?.count ?? 0) + 1,
    reason,
    queue,
    exchange,
    'routing-keys': [routingKey],
  };
  const first =
    deaths.length > 0
      ? {}
      : { 'x-first-death-reason': reason, 'x-first-death-queue': queue, 'x-first-death-exchange': exchange };
  const { expiration: _, ...properties } = message.properties;
  return Object.freeze({
    ...message,
    headers: Object.freeze({
      ...message.headers,
      ...first,
      'x-death': [death, ...deaths.filter((other) => other !== before)],
    }),
    properties: Object.freeze(properties),
  });
}

function deathsOf(message: WireMessage): readonly Death[] {
  const deaths = message.headers['x-death'];
  return Array.isArray(deaths) ? deaths.filter(isDeath) : [];
}

function isDeath(value: unknown): value is Death {
  return (
    typeof value === 'object' && value !== null && 'queue' in value && 'reason' in value && 'count' in value
  );
}
