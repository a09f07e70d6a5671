import { isDeepStrictEqual } from 'node:util';
import type { ExchangeDeclaration } from '../topology.js';
import { unreachable } from '../../runtime/unreachable.js';
import type { MemoryQueue } from './memory.queue.js';
import { topicMatches } from './topic-match.js';

interface Binding {
  readonly queue: MemoryQueue;
  readonly key: string;
  /** The key's words, for topic exchanges. */
  readonly words: readonly string[];
  /** The `x-match` table, for headers exchanges. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Knows which queues get a message that is sent to it. */
export class MemoryExchange {
  #bindings: Binding[] = [];
  /** The same bindings by key: all a direct exchange ever asks for. */
  readonly #byKey = new Map<string, Binding[]>();

  constructor(readonly declaration: ExchangeDeclaration) {}

  get unused(): boolean {
    return this.#bindings.length === 0;
  }

  bind(queue: MemoryQueue, key: string, args: Readonly<Record<string, unknown>>): void {
    const sameKey = this.#byKey.get(key) ?? [];
    if (sameKey.some((other) => other.queue === queue && isDeepStrictEqual(other.arguments, args))) return;
    const binding = { queue, key, words: key.split('.'), arguments: args };
    this.#bindings.push(binding);
    this.#byKey.set(key, [...sameKey, binding]);
  }

  unbind(queue: MemoryQueue): void {
    this.#bindings = this.#bindings.filter((binding) => binding.queue !== queue);
    for (const [key, bindings] of this.#byKey) {
      const left = bindings.filter((binding) => binding.queue !== queue);
      if (left.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    }
  }

  /** Every queue once, however many of its bindings match. */
  route(routingKey: string, headers: Readonly<Record<string, unknown>>): Set<MemoryQueue> {
    return new Set(this.#matching(routingKey, headers).map((binding) => binding.queue));
  }

  #matching(routingKey: string, headers: Readonly<Record<string, unknown>>): readonly Binding[] {
    switch (this.declaration.type) {
      case 'direct':
        return this.#byKey.get(routingKey) ?? [];
      case 'fanout':
        return this.#bindings;
      case 'topic': {
        const words = routingKey.split('.');
        return this.#bindings.filter((binding) => topicMatches(binding.words, words));
      }
      case 'headers':
        return this.#bindings.filter((binding) => headersMatch(binding.arguments, headers));
      default:
        return unreachable(this.declaration.type);
    }
  }
}

/** AMQP's rule: all of the named headers are there and equal, or with `x-match: any` one of them. `x-…` names do not count. */
function headersMatch(
  wanted: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, unknown>>,
): boolean {
  const names = Object.keys(wanted).filter((name) => !name.startsWith('x-'));
  const equal = (name: string): boolean =>
    Object.hasOwn(headers, name) && isDeepStrictEqual(headers[name], wanted[name]);
  return wanted['x-match'] === 'any' ? names.some(equal) : names.every(equal);
}
