import type { Timer } from '../../runtime/clock.js';
import { runScript } from '../../redis/redis.script.js';
import { stepOfTag } from './redis.claims.js';
import type { RedisContext } from './redis.context.js';
import { failureKind, refusalReason } from '../../redis/redis.failures.js';
import { markRedelivered, splitHeld } from './redis.redelivered.js';
import { restore, type Move } from './redis.restore.js';
import { SELECT_LOST } from './redis.scripts.js';
import type { RedisTopology } from './redis.topology.js';

const AT_A_TIME = 200;
/** A batch is put back within milliseconds; a sweeper that dies over it delays it by this. */
const TAKE_MS = 5_000;

/**
 * Gives the messages of dead consumers back to their queues: ours when their lease has run out, Python's when the
 * visibility timeout has. Every consuming broker runs one; several at once share the work and double nothing.
 */
export class Sweeper {
  readonly #context: RedisContext;
  readonly #topology: RedisTopology;
  readonly #onRestored: () => void;
  #timer: Timer | undefined;
  #running = false;

  constructor(context: RedisContext, topology: RedisTopology, onRestored: () => void) {
    this.#context = context;
    this.#topology = topology;
    this.#onRestored = onRestored;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#arm();
  }

  /**
   * The connection came back. If the server was away, the leases of all its workers ran out; the pause before the next
   * sweep lets them renew first.
   */
  postpone(): void {
    if (this.#running) this.#arm();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  #arm(): void {
    const { clock, config } = this.#context;
    const pauseMs = (config.leaseTimeout / 6) * (0.75 + Math.random() / 2);
    this.#timer?.cancel();
    this.#timer = clock.after(pauseMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    let restored = 0;
    try {
      let batch: number;
      do {
        batch = await this.#sweepBatch();
        restored += batch;
      } while (batch > 0 && this.#running);
    } catch (error) {
      // A lost connection has told of itself already. Both are tried again.
      if (failureKind(error) === 'refused')
        this.#context.log.error(`Redis refused to restore messages: ${refusalReason(error)}`);
    }
    if (restored > 0) {
      this.#context.log.warn(`Gave ${restored} message(s) of consumers that are gone back to their queues.`);
      this.#onRestored();
    }
    if (this.#running) this.#arm();
  }

  async #sweepBatch(): Promise<number> {
    const { link, keys, config } = this.#context;
    const answer = await link.run((client) =>
      runScript(
        client,
        SELECT_LOST,
        [keys.unacked, keys.unackedIndex, keys.leases],
        [AT_A_TIME, TAKE_MS, config.visibilityTimeout / 1000],
      ),
    );
    const parts: readonly unknown[] = Array.isArray(answer) ? answer : [];
    const expectedLease = String(parts[0]);
    const moves: Move[] = [];
    const copies = new Map<Move, readonly string[]>();
    for (let at = 1; at + 1 < parts.length; at += 2) {
      const held = parts[at + 1];
      const found = Buffer.isBuffer(held) ? await this.#destination(String(parts[at]), held) : undefined;
      if (found === undefined) continue;
      const { lists, text, tag } = found;
      const move = { tag, list: lists[0] ?? '', expectedLease, text, suffixBytes: 0 };
      moves.push(move);
      if (lists.length > 1) copies.set(move, lists.slice(1));
    }
    const moved = await restore(this.#context, 'front', moves);
    for (const [index, move] of moves.entries()) {
      // A Python worker's message from a topic exchange goes, as kombu does it, to every queue its key reaches.
      for (const list of moved[index] === true ? (copies.get(move) ?? []) : []) {
        await link.run((client) => client.rpush(list, move.text ?? ''));
      }
    }
    return moved.filter(Boolean).length;
  }

  async #destination(
    tag: string,
    held: Buffer,
  ): Promise<{ tag: string; lists: readonly string[]; text: Buffer } | undefined> {
    const { keys, log } = this.#context;
    const parts = splitHeld(held);
    if (parts === undefined) {
      log.warn(`Unreadable entry ${JSON.stringify(tag)} in ${keys.unacked} is left there.`);
      return undefined;
    }
    const { exchange, routingKey, raw } = parts;
    const queues = exchange === '' ? [routingKey] : await this.#topology.queuesOf(exchange, routingKey);
    const step = stepOfTag(tag) ?? keys.stepOf(priorityOf(raw));
    const lists = (queues.length > 0 ? queues : [routingKey]).map((queue) => keys.list(queue, step));
    return { tag, lists, text: markRedelivered(raw) };
  }
}

function priorityOf(raw: Buffer): number {
  const found = /"priority": ?(\d)\b/g;
  const last = [...raw.toString('latin1').matchAll(found)].at(-1)?.[1];
  return last === undefined ? 0 : Number(last);
}
