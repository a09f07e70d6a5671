import { connect, credentials, type SocketOptions } from 'amqplib';
import { reconnectDelayMs } from '../../runtime/backoff.js';
import { sleep } from '../../runtime/clock.js';
import { withDeadline } from '../../runtime/deadline.js';
import type { BrokerSettings } from '../broker.options.js';
import type { AmqpAddress } from './amqp.address.js';
import type { AmqpContext } from './amqp.context.js';
import { replyText } from './amqp.failures.js';
import { guardFrames } from './amqp.frames.js';
import type { OutageLog } from './amqp.outage.js';
import { AmqpSession } from './amqp.session.js';

export interface ConnectionOptions {
  /** What it is for: `publish`, `consume`. Shown to the broker's administrators. */
  readonly name: string;
  readonly addresses: readonly AmqpAddress[];
  readonly settings: BrokerSettings;
  readonly context: AmqpContext;
  readonly outages: OutageLog;
  readonly onUp: (session: AmqpSession) => void;
}

/** A connection that held this long was a good one: the next attempt comes at once. */
const STEADY_MS = 2_000;

/** A connection to RabbitMQ that comes back for ever, each time as a new session. Connects when first asked for. */
export class AmqpConnection {
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  readonly #waiters = new Set<(session: AmqpSession | undefined) => void>();
  readonly #firstRound = new Set<(error: unknown) => void>();
  #session: AmqpSession | undefined;
  #lastError: unknown;
  #running: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Undefined while there is none. */
  get session(): AmqpSession | undefined {
    return this.#session;
  }

  get started(): boolean {
    return this.#running !== undefined;
  }

  /** Why the last attempt failed. */
  get lastError(): unknown {
    return this.#lastError;
  }

  start(): void {
    if (this.#closed.signal.aborted) return;
    this.#running ??= this.#run();
  }

  /** The session once there is one; undefined when that took too long or this was closed. */
  whenUp(limitMs?: number): Promise<AmqpSession | undefined> {
    if (this.#session !== undefined) return Promise.resolve(this.#session);
    if (this.#closed.signal.aborted) return Promise.resolve(undefined);
    this.start();
    return new Promise((resolve) => {
      const settle = (session: AmqpSession | undefined): void => {
        this.#waiters.delete(settle);
        timer?.cancel();
        resolve(session);
      };
      const { clock } = this.#options.context;
      const timer = limitMs === undefined ? undefined : clock.after(limitMs, () => settle(undefined));
      this.#waiters.add(settle);
    });
  }

  /** Rejects with the reason once every address has been tried in vain. */
  async whenUpOrRefused(): Promise<AmqpSession | undefined> {
    let refuse: ((error: unknown) => void) | undefined;
    const refused = new Promise<never>((_, reject) => this.#firstRound.add((refuse = reject)));
    try {
      return await Promise.race([this.whenUp(), refused]);
    } finally {
      if (refuse !== undefined) this.#firstRound.delete(refuse);
    }
  }

  /** @param unheard whether the server does not answer another connection */
  async close(unheard = false): Promise<void> {
    this.#closed.abort();
    for (const settle of this.#waiters) settle(undefined);
    await this.#session?.close(unheard);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { addresses, context, name, outages, onUp } = this.#options;
    const { clock } = context;
    const closed = this.#closed.signal;
    let failures = 0;
    for (let turn = 0; !closed.aborted; turn += 1) {
      const address = addresses[turn % addresses.length];
      if (address === undefined) return;
      try {
        const session = await this.#open(address);
        if (closed.aborted) return await session.close();
        const sinceMs = clock.monotonicMs();
        this.#session = session;
        outages.up(name);
        onUp(session);
        for (const settle of this.#waiters) settle(session);
        this.#lastError = await session.ended;
        this.#session = undefined;
        if (closed.aborted) return;
        outages.down(name, 'lost', replyText(this.#lastError));
        if (clock.monotonicMs() - sinceMs >= STEADY_MS) failures = 0;
        // The server that worked last is asked first.
        turn -= 1;
      } catch (error) {
        if (closed.aborted) return;
        this.#lastError = error;
        outages.down(name, 'unreachable', replyText(error));
        if ((turn + 1) % addresses.length !== 0) continue;
        for (const refuse of this.#firstRound) refuse(error);
      }
      await this.#pause(reconnectDelayMs(failures));
      failures += 1;
    }
  }

  /** Clocks let a process end; one that waits for its broker must not. */
  async #pause(delayMs: number): Promise<void> {
    const awake = setInterval(() => undefined, 2 ** 30);
    await sleep(this.#options.context.clock, delayMs, this.#closed.signal);
    clearInterval(awake);
  }

  async #open(address: AmqpAddress): Promise<AmqpSession> {
    const { settings, context } = this.#options;
    const abort = new AbortController();
    const giveUp = (): void => abort.abort();
    this.#closed.signal.addEventListener('abort', giveUp, { once: true });
    try {
      const limitMs = settings.connectTimeoutMs;
      const late = (): Error => new Error(`no connection within ${limitMs} ms`);
      const open = async (): Promise<AmqpSession> => {
        const model = await connect(this.#endpoint(address), this.#socketOptions(address, abort.signal));
        guardFrames(model);
        const session = new AmqpSession(model, context, giveUp);
        // A connection that closes right after its handshake tells nobody; asked for a channel it has to.
        await session.admin.run(async () => undefined);
        return session;
      };
      return await withDeadline(context.clock, limitMs, open(), late);
    } catch (error) {
      abort.abort();
      throw error;
    } finally {
      this.#closed.signal.removeEventListener('abort', giveUp);
    }
  }

  #endpoint({ tls, host, port, vhost }: AmqpAddress) {
    const { settings, context } = this.#options;
    const { frameMax, channelMax, heartbeat } = context.config;
    return {
      protocol: tls ? 'amqps' : 'amqp',
      hostname: host,
      port,
      // amqplib reads it as part of a URL.
      vhost: encodeURIComponent(vhost),
      frameMax,
      channelMax,
      heartbeat: heartbeat ?? settings.heartbeatSeconds,
    };
  }

  /** Aborting `signal` destroys the socket in whatever state it is. */
  #socketOptions(
    { tls, username, password }: AmqpAddress,
    signal: AbortSignal,
  ): SocketOptions & { signal: AbortSignal } {
    const { name, settings, context } = this.#options;
    return {
      ...(tls ? { minVersion: 'TLSv1.2', ...settings.tls } : {}),
      signal,
      noDelay: true,
      keepAlive: true,
      credentials: loginOf(context.config.loginMethod, username, password),
      clientProperties: { product: 'nestjs-celery', connection_name: `${settings.clientName} ${name}` },
    };
  }
}

function loginOf(method: 'PLAIN' | 'AMQPLAIN' | 'EXTERNAL', username: string, password: string) {
  switch (method) {
    case 'PLAIN':
      return credentials.plain(username, password);
    case 'AMQPLAIN':
      return credentials.amqplain(username, password);
    case 'EXTERNAL':
      return credentials.external();
  }
}
