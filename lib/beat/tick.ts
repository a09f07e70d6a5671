import { createHash } from 'node:crypto';

/** Of RFC 4122's name-based ids: everything of this library's beat. */
const NAMESPACE = Buffer.from('9d2f3c5e7a1b4d0c8e6f0123456789ab', 'hex');

/**
 * The task id of a tick: the same in every beat and after every restart, so that a tick which is sent twice is known by
 * it (UUID version 5).
 */
export function tickId(entry: string, instantMs: number): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${instantMs} ${entry}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** When a tick is sent: its instant, later by its own part of the jitter. */
export function dueMs(entry: string, instantMs: number, jitterMs: number): number {
  if (jitterMs === 0) return instantMs;
  const part = createHash('sha1').update(`${instantMs} ${entry}`).digest().readUInt32BE(0) / 2 ** 32;
  return instantMs + Math.floor(part * jitterMs);
}
