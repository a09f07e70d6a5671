import type { WireMessage } from '../../message/wire-message.js';

/** A message and what the broker knows about it. One of its own per queue the message reached. */
export interface StoredMessage {
  readonly message: WireMessage;
  readonly exchange: string;
  readonly routingKey: string;
  /** Wall clock, epoch ms; `Infinity`: never. */
  readonly expiresAtMs: number;
  /** Times it was handed out and came back. */
  readonly returns: number;
  /** It was put away, and somebody waits for it now. */
  readonly recalled?: boolean;
}

/** Why a message left its queue other than by being acknowledged. RabbitMQ's words. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen';
