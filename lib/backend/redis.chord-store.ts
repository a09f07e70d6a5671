import { randomUUID } from 'node:crypto';
import { refusalReason } from '../redis/redis.failures.js';
import { runScript, type Script } from '../redis/redis.script.js';
import type { ChordPartCodec } from './chord-part.codec.js';
import {
  CHORD_LEASE_MS,
  type ChordClaim,
  type ChordCount,
  type ChordOpening,
  type ChordPart,
  type ChordStore,
  type EndedPart,
} from './chord-store.js';
import type { ChordKeys } from './redis.chord-keys.js';
import {
  CLOSE,
  COUNT,
  DUE,
  GROW,
  LOOK,
  OPEN,
  RELEASE,
  RENEW,
  taskIdPatterns,
} from './redis.chord-scripts.js';
import type { RedisRequests } from './redis.requests.js';

export interface RedisChordDeps {
  readonly requests: Pick<RedisRequests, 'run'>;
  readonly codec: ChordPartCodec;
  readonly keys: ChordKeys;
  /** Until the missing parts of a chord that others sent are taken for lost, from its last part. */
  readonly lostAfterMs: number;
}

/** Keys outlive the deadline by this: somebody must still find them when it has passed. */
const MARGIN_MS = 86_400_000;
/** How often a sweep looks at an open chord, to find those that a Python worker has finished or left complete. */
const LOOK_EVERY_MS = 60_000;
/** Chords one sweep looks at. */
const LOOKS = 1_000;
/** For how long, and of how many closed chords, a part that comes late is known to be late. */
const OVER = { forMs: 7 * 86_400_000, atMost: 50_000 };

type Arg = string | number | Buffer;

/**
 * Counts in Celery's own keys, so that Python workers count parts of the same chords. Between its last part and its
 * closing, a chord that a Node worker finishes is out of their sight.
 */
export class RedisChordStore implements ChordStore {
  readonly #patterns: readonly Buffer[];
  readonly #keepMs: number;

  constructor(private readonly deps: RedisChordDeps) {
    this.#patterns = taskIdPatterns(deps.codec.contentType);
    this.#keepMs = whole(deps.lostAfterMs) + MARGIN_MS;
  }

  async open({ groupId, size, end, lostAfterMs }: ChordOpening): Promise<void> {
    const lostMs = whole(lostAfterMs);
    const keepMs = Math.max(lostMs + MARGIN_MS, this.#keepMs);
    const body = this.deps.codec.encodeBody(end.body);
    await this.#run(OPEN, groupId, [size, body, end.rootId, lostMs, keepMs, LOOK_EVERY_MS]);
  }

  async grow(groupId: string, taskIds: readonly string[]): Promise<void> {
    await this.#run(GROW, groupId, [this.#keepMs, ...taskIds]);
  }

  async count(part: ChordPart): Promise<ChordCount> {
    const { codec, lostAfterMs } = this.deps;
    const { groupId, taskId, groupIndex, body, rootId, home } = part;
    const token = randomUUID();
    const reply = await this.#run(COUNT, groupId, [
      ...this.#claiming(token),
      whole(lostAfterMs),
      LOOK_EVERY_MS,
      codec.encodePart(part),
      groupIndex ?? '+inf',
      codec.encodeBody(body),
      rootId,
      taskId,
      home ?? '',
      ...this.#patterns,
    ]);
    if (reply === 0) return { kind: 'repeated' };
    if (reply === 1) return { kind: 'counted' };
    return { kind: 'complete', claim: this.#claim(groupId, token, reply) };
  }

  async close({ groupId }: ChordClaim): Promise<void> {
    await this.#close(groupId);
  }

  async renew({ groupId, token }: ChordClaim): Promise<void> {
    await this.#run(RENEW, groupId, [token, CHORD_LEASE_MS]);
  }

  async release({ groupId, token }: ChordClaim): Promise<void> {
    await this.#run(RELEASE, groupId, [token]);
  }

  async abandoned(limit: number, homes: readonly string[]): Promise<readonly ChordClaim[]> {
    const claims: ChordClaim[] = [];
    const failures: unknown[] = [];
    for (const registry of this.deps.keys.registries) {
      const due = await this.#due(registry, homes);
      for (let from = 0; from < due.length && claims.length < limit;) {
        const some = due.slice(from, from + limit - claims.length);
        for (const looked of await Promise.allSettled(some.map((groupId) => this.#look(groupId)))) {
          if (looked.status === 'rejected') failures.push(looked.reason);
          else if (looked.value !== undefined) claims.push(looked.value);
        }
        from += some.length;
      }
    }
    // A chord that cannot be read must not keep the others from being finished.
    if (claims.length === 0 && failures.length > 0) throw failures[0];
    return claims;
  }

  async #due(registry: readonly string[], homes: readonly string[]): Promise<string[]> {
    const args = [LOOKS, 2 * this.#keepMs, ...homes];
    const reply = await this.deps.requests.run((client) => runScript(client, DUE, registry, args));
    return Array.isArray(reply) ? reply.map(String) : [];
  }

  async #look(groupId: string): Promise<ChordClaim | undefined> {
    const token = randomUUID();
    const args = [...this.#claiming(token), LOOK_EVERY_MS, ...this.#patterns];
    const reply = await this.#run(LOOK, groupId, args);
    if (reply === 0) await this.#close(groupId);
    return Array.isArray(reply) ? this.#claim(groupId, token, reply) : undefined;
  }

  async #close(groupId: string): Promise<void> {
    await this.#run(CLOSE, groupId, [OVER.forMs, OVER.atMost]);
  }

  #claiming(token: string): readonly Arg[] {
    return [token, CHORD_LEASE_MS, this.#keepMs];
  }

  #run(script: Script, groupId: string, args: readonly Arg[]): Promise<unknown> {
    const keys = this.deps.keys.ofChord(groupId);
    return this.deps.requests.run((client) => runScript(client, script, keys, [groupId, ...args]), reasonOf);
  }

  #claim(groupId: string, token: string, reply: unknown): ChordClaim {
    const { codec } = this.deps;
    const [missing, body, root, members]: readonly unknown[] = Array.isArray(reply) ? reply : [];
    const parts = (Array.isArray(members) ? members : []).map((member) => codec.decodePart(bytes(member)));
    return {
      groupId,
      body: codec.decodeBody(bytes(body)),
      rootId: bytes(root).toString('utf8'),
      parts: onePerTask(parts),
      missing: Number(missing),
      token,
    };
  }
}

/** A Python worker adds a part again that ran again, when something else came of it. A success stands. */
function onePerTask(parts: readonly EndedPart[]): readonly EndedPart[] {
  const byTask = new Map<unknown, EndedPart>();
  for (const part of parts) {
    // One that cannot be read is nobody's repetition.
    const key = part.taskId === '' ? part : part.taskId;
    const known = byTask.get(key);
    if (known === undefined || (known.state !== 'SUCCESS' && part.state === 'SUCCESS')) byTask.set(key, part);
  }
  return [...byTask.values()];
}

function reasonOf(error: unknown): string {
  const reason = refusalReason(error);
  return error instanceof Error && error.message.includes('WRONGTYPE')
    ? 'Python workers count this chord in a list. Leave result_chord_ordered at its default, True, everywhere'
    : reason;
}

function bytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

/** Redis takes whole ms, at least one. */
function whole(ms: number): number {
  return Math.max(1, Math.round(ms));
}
