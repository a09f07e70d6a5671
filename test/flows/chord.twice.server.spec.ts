import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, inject, it } from 'vitest';
import { chordsWithPartsTwice } from './chord-twice.js';

/** `CHORDS=2000 npx vitest run --project servers test/flows/chord.twice.server.spec.ts` */
const CHORDS = Number(process.env['CHORDS'] ?? 200);

it(`${CHORDS} chords whose parts come twice each end once, on Redis`, { timeout: 600_000 }, async () => {
  const url = inject('redisUrl');
  const globalKeyprefix = `${randomUUID()}:`;
  await chordsWithPartsTwice(CHORDS, {
    backend: url,
    resultBackendTransportOptions: { globalKeyprefix },
  });
  const redis = new Redis(url);
  try {
    const kept = await redis.keys(`${globalKeyprefix}celery-taskset-meta-*`);
    const open = await redis.zcard(`${globalKeyprefix}celery-chords-open`);
    expect([kept, open]).toEqual([[], 0]);
  } finally {
    redis.disconnect();
  }
});
