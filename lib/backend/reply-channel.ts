import type { WireMessage } from '../message/wire-message.js';

/** What the rpc backend needs of a broker: send to a queue by name, and read an own queue without acknowledging. */
export interface ReplyChannel {
  readonly url: string;
  connect(options?: { readonly failFast?: boolean }): Promise<void>;
  /** Resolves when the broker has it; a queue that is gone is no error. */
  send(queue: string, message: WireMessage): Promise<void>;
  /** Declares a private queue of this name and hands over what arrives there until `stop`. */
  listen(
    queue: string,
    expiresMs: number,
    onMessage: (message: WireMessage) => void,
  ): Promise<{ stop(): Promise<void> }>;
}
