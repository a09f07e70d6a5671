import { ScheduleStoreError } from '../errors.js';
import { readAddresses } from '../redis/redis.address.js';
import { openClient, type RedisClient, type RedisConnection } from '../redis/redis.client.js';
import { failureKind, refusalReason } from '../redis/redis.failures.js';
import { RedisLink, type LinkHooks } from '../redis/redis.link.js';
import { runScript, type Script } from '../redis/redis.script.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/logger.js';
import type { Definition } from './definition.js';
import { ENABLE, END_TERM, KEEP_TERM, MOVE, PAUSE, PUT, REMOVE, TAKE_TERM } from './redis.store.scripts.js';
import type {
  Move,
  MoveOutcome,
  Origin,
  ScheduleStore,
  Snapshot,
  StoredEntry,
  Term,
  TermAnswer,
} from './schedule.store.js';

export interface RedisStoreSettings {
  readonly url: string;
  /** What keys and the channel begin with: `nestjs-celery.beat`. In a Cluster it must carry a hash tag. */
  readonly base: string;
  readonly connection: RedisConnection;
  /** Until a request with its repetitions must have been answered, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Entries in Redis, shared by any number of beats and clients. Needs Redis 6.2 or newer. */
export class RedisStore implements ScheduleStore {
  readonly kind = 'redis';
  readonly url: string;
  readonly #settings: RedisStoreSettings;
  readonly #keys;
  /** One of several servers may be another than the broker is connected to. */
  readonly #oneServer: boolean;
  readonly #link: RedisLink;
  readonly #notices: RedisLink;
  readonly #watchers = new Set<(name: string | undefined) => void>();
  #closed = false;

  /** Does not connect yet. @throws InvalidOptionError */
  constructor(settings: RedisStoreSettings) {
    const { url, base, connection, clock, log, timeoutMs } = settings;
    const addresses = readAddresses([url], connection.tls, 'broker');
    this.#settings = settings;
    this.#keys = {
      entries: `${base}.entries`,
      states: `${base}.states`,
      control: `${base}.control`,
      lease: `${base}.lease`,
      terms: `${base}.terms`,
      channel: `${base}.changes`,
    };
    this.url = addresses.map(({ shown }) => shown).join(';');
    this.#oneServer = addresses.length === 1;
    const openLink = (name: string, hooks: LinkHooks): RedisLink =>
      new RedisLink({
        ...hooks,
        name,
        open: (attempt) => {
          const address = addresses[attempt % addresses.length];
          if (address === undefined) throw new Error('no address');
          return openClient(address, connection);
        },
        connectTimeoutMs: connection.connectTimeoutMs,
        commandTimeoutMs: timeoutMs,
        clock,
        log,
      });
    this.#link = openLink('schedules', {});
    this.#notices = openLink('schedule notices', {
      prepare: (client) => this.#subscribe(client),
      // Whatever changed while nobody listened.
      onUp: () => this.#tell(undefined),
    });
  }

  async connect({ failFast = false }: { readonly failFast?: boolean } = {}): Promise<void> {
    if (!failFast) return void (await this.#link.whenUp());
    await this.#link.nextAttempt().catch((error: unknown) => {
      throw new ScheduleStoreError(this.url, 'cannot be reached. Is it running?', error);
    });
  }

  async read(): Promise<Snapshot> {
    const { entries, states, control } = this.#keys;
    return this.#ask(async (client) => {
      const [written, moved, said] = await Promise.all([
        client.hgetall(entries),
        client.hgetall(states),
        client.hgetall(control),
      ]);
      return {
        entries: Object.entries(written).map(([name, value]) => decode(name, value, moved[name] ?? '')),
        control: {
          revision: Number(said['revision'] ?? 0),
          paused: said['paused'] === '1',
          floorMs: Number(said['floorMs'] ?? 0),
        },
      };
    });
  }

  async readEntry(name: string): Promise<StoredEntry | undefined> {
    const { entries, states } = this.#keys;
    return this.#ask(async (client) => {
      const [value, state] = await Promise.all([client.hget(entries, name), client.hget(states, name)]);
      return value === null ? undefined : decode(name, value, state ?? '');
    });
  }

  async put(name: string, definition: Definition, origin: Origin, nowMs: number): Promise<void> {
    const { document, timing, once } = definition;
    const entry = JSON.stringify({ document, timing, once, origin });
    const args = [this.#keys.channel, name, entry, Math.floor(nowMs), timing, once ? 1 : 0];
    await this.#run(PUT, [this.#keys.entries], args);
  }

  async remove(name: string): Promise<boolean> {
    const { entries, states, channel } = this.#keys;
    return (await this.#run(REMOVE, [entries, states], [channel, name])) === 1;
  }

  async enable(name: string, enabled: boolean, nowMs: number): Promise<boolean> {
    const args = [this.#keys.channel, name, enabled ? 1 : 0, Math.floor(nowMs)];
    return (await this.#run(ENABLE, [this.#keys.entries], args)) === 1;
  }

  async pause(paused: boolean, nowMs: number): Promise<void> {
    await this.#run(PAUSE, [this.#keys.control], [this.#keys.channel, paused ? 1 : 0, Math.floor(nowMs)]);
  }

  watch(onChange: (name: string | undefined) => void): () => void {
    this.#watchers.add(onChange);
    this.#notices.start();
    return () => this.#watchers.delete(onChange);
  }

  async takeTerm(owner: string, leaseMs: number): Promise<TermAnswer> {
    const { lease, terms } = this.#keys;
    const answer = await this.#run(TAKE_TERM, [lease, terms], [owner, leaseMs]);
    const [won = 0, fenceOrMs = 0, gapMs = -1] = Array.isArray(answer) ? answer.map(Number) : [];
    if (won === 0) return { kind: 'held', forMs: Math.max(0, fenceOrMs) };
    return { kind: 'won', term: { owner, fence: fenceOrMs }, gapMs: gapMs < 0 ? undefined : gapMs };
  }

  async keepTerm(term: Term, leaseMs: number): Promise<boolean> {
    const { lease, terms } = this.#keys;
    return (await this.#run(KEEP_TERM, [lease, terms], [leaseOf(term), leaseMs])) === 1;
  }

  async endTerm(term: Term): Promise<void> {
    await this.#run(END_TERM, [this.#keys.lease], [leaseOf(term), this.#keys.channel]);
  }

  async move(term: Term, { name, revision, controlRevision, from, to, pushes }: Move): Promise<MoveOutcome> {
    const { lease, entries, states, control } = this.#keys;
    const keys = [lease, entries, states, control, ...pushes.map(({ list }) => list)];
    const texts = pushes.map(({ text }) => text);
    const args = [leaseOf(term), name, revision, controlRevision, from, to, ...texts];
    const outcome = String(await this.#run(MOVE, keys, args));
    if (outcome === 'moved' || outcome === 'lost') return outcome;
    return 'stale';
  }

  canPush(brokerUrl: string): boolean {
    return this.#oneServer && brokerUrl === this.url;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.clear();
    this.#notices.close();
    this.#link.close();
  }

  async #subscribe(client: RedisClient): Promise<void> {
    client.on('message', (_channel: string, name: string) => this.#tell(name === '' ? undefined : name));
    await client.subscribe(this.#keys.channel);
  }

  #tell(name: string | undefined): void {
    for (const onChange of this.#watchers) onChange(name);
  }

  #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#ask((client) => runScript(client, script, keys, args));
  }

  /** Repeats over lost connections until the deadline: every request does nothing the second time. */
  async #ask<T>(send: (client: RedisClient) => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#settings;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    let problem: unknown;
    while (!this.#closed) {
      const restMs = deadlineMs - clock.monotonicMs();
      if (restMs <= 0 || !(this.#link.up || (await this.#link.whenUp(restMs)))) break;
      try {
        return await this.#link.run(send, Math.max(1, Math.min(restMs, timeoutMs / 2)));
      } catch (error) {
        problem = error;
        if (failureKind(error) === 'refused')
          throw new ScheduleStoreError(this.url, refusalReason(error), error);
      }
    }
    throw new ScheduleStoreError(this.url, 'gave no answer in time', problem ?? this.#link.problem);
  }
}

function leaseOf({ fence, owner }: Term): string {
  return `${fence} ${owner}`;
}

function decode(name: string, value: string, state: string): StoredEntry {
  const space = value.indexOf(' ');
  const read = JSON.parse(value.slice(space + 1)) as Definition & {
    readonly origin: Origin;
    readonly enabled?: boolean;
    readonly sinceMs: string;
    readonly floorMs: string;
  };
  return {
    name,
    document: read.document,
    timing: read.timing,
    once: read.once,
    origin: read.origin,
    revision: Number(value.slice(0, space)),
    sinceMs: Number(read.sinceMs),
    enabled: read.enabled,
    floorMs: Number(read.floorMs),
    state,
  };
}
