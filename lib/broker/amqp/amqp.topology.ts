import type { Channel } from 'amqplib';
import { BrokerRefusedError, type CeleryError } from '../../errors.js';
import type { PublishTarget } from '../broker.js';
import type { ExchangeDeclaration, QueueDeclaration } from '../topology.js';
import type { AdminChannel } from './amqp.admin.js';
import type { AmqpContext } from './amqp.context.js';
import { NOT_FOUND, refusal, replyCode } from './amqp.failures.js';
import { toTable } from './amqp.table.js';

/** One declaration: under way until `done` resolves, then `stands`. */
interface Declared {
  /** What was declared. Mostly the same frozen object comes again, and comparing texts is slow. */
  subject: object;
  readonly signature: string;
  done: Promise<void>;
  stands: boolean;
}

/** Declares queues and exchanges as told, each once in the life of a connection. */
export class AmqpTopology {
  readonly #admin: AdminChannel;
  readonly #context: AmqpContext;
  readonly #queues = new Map<string, Declared>();
  readonly #exchanges = new Map<string, Declared>();

  constructor(admin: AdminChannel, context: AmqpContext) {
    this.#admin = admin;
    this.#context = context;
  }

  /**
   * Makes a publish to this target possible. Undefined when nothing is missing.
   * Rejects with a CeleryError when RabbitMQ refuses, with anything else when it gave no answer.
   */
  need({ exchange, queue, exchangeDeclaration }: PublishTarget): Promise<void> | undefined {
    const own = queue === undefined || queue.consumerOnly ? undefined : this.declare(queue);
    if (exchange === '') return own;
    const declaration =
      exchangeDeclaration ?? (queue?.exchange?.name === exchange ? queue.exchange : undefined);
    const needed = declaration === undefined ? this.#check(exchange) : this.#declareExchange(declaration);
    if (own === undefined || needed === undefined) return own ?? needed;
    return Promise.all([own, needed]).then(() => undefined);
  }

  /** Undefined when it stands already. Rejects as `need` does. */
  declare(queue: QueueDeclaration): Promise<void> | undefined {
    return once(this.#queues, queue, () => this.#declareAll(queue));
  }

  /** It may be gone: the next declaration asks again. */
  forget(queue: string): void {
    this.#queues.delete(queue);
  }

  forgetExchange(name: string): void {
    this.#exchanges.delete(name);
  }

  async #declareAll(queue: QueueDeclaration): Promise<void> {
    const { name, exchange, durable, exclusive, autoDelete } = queue;
    if (exchange !== undefined && exchange.name !== '') await this.#declareExchange(exchange);
    await this.#refusable(`queue ${JSON.stringify(name)}`, async (channel) => {
      await channel.assertQueue(name, {
        durable,
        exclusive,
        autoDelete,
        arguments: toTable(queue.arguments),
      });
    });
    if (exchange === undefined || exchange.name === '') return;
    const keys = new Set([queue.routingKey, ...queue.bindings]);
    await this.#refusable(`binding of queue ${JSON.stringify(name)}`, async (channel) => {
      for (const key of keys) {
        await channel.bindQueue(name, exchange.name, key, toTable(queue.bindingArguments));
      }
    });
  }

  #declareExchange(exchange: ExchangeDeclaration): Promise<void> | undefined {
    const { name, type, durable, autoDelete } = exchange;
    this.#context.exchangeTypes.set(name, type);
    return once(this.#exchanges, exchange, () =>
      this.#refusable(`exchange ${JSON.stringify(name)}`, async (channel) => {
        await channel.assertExchange(name, type, {
          durable,
          autoDelete,
          arguments: toTable(exchange.arguments),
        });
      }),
    );
  }

  /** A publish to an exchange that does not exist would close the channel under every other publish. */
  #check(name: string): Promise<void> | undefined {
    const known = this.#exchanges.get(name);
    if (known !== undefined) return known.stands ? undefined : known.done;
    return once(this.#exchanges, { name }, () =>
      this.#refusable(`exchange ${JSON.stringify(name)}`, async (channel) => {
        await channel.checkExchange(name);
      }),
    );
  }

  async #refusable(entity: string, job: (channel: Channel) => Promise<void>): Promise<void> {
    try {
      await this.#admin.run(job);
    } catch (error) {
      throw asRefusal(entity, error) ?? error;
    }
  }
}

function asRefusal(entity: string, error: unknown): CeleryError | undefined {
  const isMissing = replyCode(error) === NOT_FOUND;
  if (isMissing) return new BrokerRefusedError(`use ${entity}`, 'it does not exist', error);
  return refusal(entity, 'declare', error);
}

/** Undefined when it stands. A failed declaration is forgotten, so that the next one tries again. */
function once(
  all: Map<string, Declared>,
  subject: { readonly name: string },
  declare: () => Promise<void>,
): Promise<void> | undefined {
  const { name } = subject;
  const known = all.get(name);
  if (known?.subject === subject && known.stands) return undefined;
  const signature = JSON.stringify(subject);
  if (known?.signature === signature) {
    known.subject = subject;
    return known.stands ? undefined : known.done;
  }
  const entry: Declared = { subject, signature, done: Promise.resolve(), stands: false };
  all.set(name, entry);
  entry.done = declare().then(
    () => {
      entry.stands = true;
    },
    (error: unknown) => {
      if (all.get(name) === entry) all.delete(name);
      throw error;
    },
  );
  return entry.done;
}
