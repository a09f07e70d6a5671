/** One message as every broker carries it: kombu's view, before its body is understood. Frozen. */
export interface WireMessage {
  /** The serialized, perhaps compressed, body: the bytes themselves, never base64. */
  readonly body: Buffer;
  /** For example `application/json`. Empty when the sender gave none. */
  readonly contentType: string;
  /** `utf-8` or `binary`. */
  readonly contentEncoding: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: MessageProperties;
}

/** The message properties of AMQP that Celery uses. */
export interface MessageProperties {
  /** The task id. */
  readonly correlationId?: string;
  /** Queue of the client that waits for the result (rpc). */
  readonly replyTo?: string;
  /** 2 persistent, 1 transient. */
  readonly deliveryMode: 1 | 2;
  /** 0 to 9 on Celery's brokers. RabbitMQ: 9 is most urgent. Redis: 0 is most urgent. */
  readonly priority: number;
  /** Life time in whole ms, as text. Brokers that can, drop the message after it. */
  readonly expiration?: string;
  /**
   * When it was sent, wall clock, epoch ms. Whole seconds on RabbitMQ. Celery sets none, and its workers heed none.
   */
  readonly sentMs?: number;
}

/** `sentMs` of AMQP's `timestamp`: seconds since the epoch. Undefined for whatever else a client wrote there. */
export function readSent(timestamp: unknown): number | undefined {
  if (typeof timestamp !== 'number' || !(timestamp > 0)) return undefined;
  const sentMs = Math.round(timestamp * 1000);
  return Number.isSafeInteger(sentMs) ? sentMs : undefined;
}
