import { InvalidOptionError } from '../../errors.js';
import type { ExchangeDeclaration, QueueDeclaration } from '../topology.js';
import { bindingMembers, readBinding, route, type Binding } from './redis.bindings.js';
import type { RedisContext } from './redis.context.js';

/**
 * Queues and exchanges as this process declared them, and the bindings that all processes share in Redis. Redis keeps
 * no exchange types: an exchange nobody declared here is taken for direct, as kombu does.
 */
export class RedisTopology {
  readonly #context: RedisContext;
  readonly #queues = new Map<string, QueueDeclaration>();
  readonly #types = new Map<string, ExchangeDeclaration['type']>();
  /** Reads of binding tables asked for in this turn of the event loop. */
  readonly #reads = new Map<string, Promise<readonly Binding[]>>();

  constructor(context: RedisContext) {
    this.#context = context;
  }

  /** True when this very declaration has been made. */
  knows(queue: QueueDeclaration): boolean {
    return this.#queues.get(queue.name) === queue;
  }

  /** @throws what `RedisLink.run` throws */
  async declare(queue: QueueDeclaration): Promise<void> {
    if (this.knows(queue)) return;
    this.learn(queue.exchange);
    await this.#bind(queue);
    this.remember(queue);
  }

  /** As declared, for routing and for the next `restore`, without asking the server. */
  remember(queue: QueueDeclaration): void {
    this.#queues.set(queue.name, queue);
  }

  learn(exchange: ExchangeDeclaration | undefined): void {
    if (exchange === undefined) return;
    if (exchange.type === 'headers') {
      throw new InvalidOptionError(
        `exchange ${exchange.name}`,
        'headers exchanges do not exist on Redis. Use direct, topic or fanout, or RabbitMQ.',
      );
    }
    this.#types.set(exchange.name, exchange.type);
  }

  typeOf(exchange: string): ExchangeDeclaration['type'] {
    return this.#types.get(exchange) ?? 'direct';
  }

  /** Queues bound to this exchange that the key reaches. */
  async queuesOf(exchange: string, routingKey: string): Promise<string[]> {
    const shared = await this.#read(exchange);
    return route(this.typeOf(exchange), [...shared, ...this.#own(exchange)], routingKey);
  }

  /** Every queue bound to this exchange, by whatever process. */
  async boundTo(exchange: string): Promise<string[]> {
    return (await this.#read(exchange)).map(({ queue }) => queue);
  }

  /** Writes every binding again: the server may have lost its data, or be another one. */
  async restore(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => this.#bind(queue)));
  }

  /** Takes back what only lived as long as this process: exclusive queues, and the mention of its broadcast queues. */
  async forget(limitMs: number): Promise<void> {
    const { link, keys } = this.#context;
    const own = [...this.#queues.values()].filter(
      (queue) => queue.exclusive || (queue.autoDelete && queue.exchange?.type === 'fanout'),
    );
    await Promise.all(
      own.map(async ({ exchange, exclusive, ...queue }) => {
        const members = bindingMembers({ ...queue, exchange, exclusive }, keys.sep);
        if (exchange !== undefined && members.length > 0) {
          await link.run((client) => client.srem(keys.binding(exchange.name), ...members), limitMs);
        }
        if (exclusive) await link.run((client) => client.del(...keys.lists(queue.name)), limitMs);
      }),
    );
  }

  async #bind(queue: QueueDeclaration): Promise<void> {
    const { link, keys } = this.#context;
    const { exchange } = queue;
    const members = bindingMembers(queue, keys.sep);
    // The default exchange reaches every queue by its name; kombu writes nothing for it.
    if (exchange === undefined || exchange.name === '' || members.length === 0) return;
    await link.run((client) => client.sadd(keys.binding(exchange.name), ...members));
  }

  #read(exchange: string): Promise<readonly Binding[]> {
    const asked = this.#reads.get(exchange);
    if (asked !== undefined) return asked;
    const { link, keys } = this.#context;
    const read = link
      .run((client) => client.smembers(keys.binding(exchange)))
      .then((members) =>
        members.map((member) => readBinding(member, keys.sep)).filter((found) => found !== undefined),
      );
    this.#reads.set(exchange, read);
    // Shared only by calls that came before it was sent: each sees every binding made before it was asked.
    queueMicrotask(() => this.#reads.delete(exchange));
    return read;
  }

  #own(exchange: string): Binding[] {
    return [...this.#queues.values()]
      .filter((queue) => queue.exchange?.name === exchange)
      .flatMap((queue) =>
        [queue.routingKey, ...queue.bindings].map((routingKey) => ({ routingKey, queue: queue.name })),
      );
  }
}
