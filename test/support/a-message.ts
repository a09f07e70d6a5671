import type { MessageProperties, WireMessage } from '../../lib/message/wire-message.js';

/** What a test wants to be special about its message. A string body is taken as UTF-8. */
export interface MessageWish {
  readonly body?: string | Buffer;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly properties?: Partial<MessageProperties>;
}

/** A message as a Celery client sends it, but for the wish. */
export function aMessage(wish: MessageWish = {}): WireMessage {
  const { body = '[[2, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]' } = wish;
  return Object.freeze({
    body: typeof body === 'string' ? Buffer.from(body) : body,
    contentType: wish.contentType ?? 'application/json',
    contentEncoding: wish.contentEncoding ?? 'utf-8',
    headers: Object.freeze(wish.headers ?? { lang: 'js', task: 'math.add', id: 'a-task-id', retries: 0 }),
    properties: Object.freeze({ deliveryMode: 2, priority: 0, ...wish.properties }),
  });
}

/** `count` messages whose bodies are `0`, `1`, `2`, … */
export function someMessages(count: number): WireMessage[] {
  return Array.from({ length: count }, (_, index) => aMessage({ body: String(index) }));
}
