import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aMessage } from '../support/a-message.js';
import type { WireMessage } from '../../lib/message/wire-message.js';

/** A message that a real Celery worker published on the exchange of events. */
export interface Captured {
  readonly routing_key: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** The JSON text, byte for byte. */
  readonly body: string;
}

export function captured(version: '5.2.6' | '5.6'): Captured[] {
  const file = join(import.meta.dirname, '..', 'golden', 'events', `celery-${version}.jsonl`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Captured);
}

export function wireOf({ body, headers }: Captured): WireMessage {
  return aMessage({ body, headers, properties: { deliveryMode: 1 } });
}
