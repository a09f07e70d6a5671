import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import { check } from '../checker.js';
import { brokenChords, sendChord, type SentChord } from '../chords.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Keeper } from '../keeper.js';
import type { Entry } from '../ledger.js';
import { workedOff } from '../leftover.js';
import { Load, type Kind } from '../load.js';
import { withLeases } from '../place.js';
import { isTimed, partSized, type Scenario } from '../scenario.js';

/** The last part is counted, its body about to be sent, sent; and the link of the body sent. */
const STEPS = ['chordCounted', 'chordJoined', 'chordEnded', 'linksSent'] as const;
const ACKS: Readonly<Record<string, Kind>> = { late: 'late', early: 'early' };
/** Each runs one task at a time, so that nothing else dies with what is struck at. */
const WORKERS = 4;
/** The last part runs so long: by then the others have been counted. */
const LAST_PART_MS = 250;
/** Chords that are struck at before the first of them is taken over. */
const WAVE = 8;
/** From the kill to the body. */
const FOUND_MS = 30_000;
const STRIKE_LIMIT_MS = 5_000;
const WAIT_MS = 50_000;

interface Struck extends SentChord {
  /** When its worker was killed, epoch ms. */
  readonly atMs: number;
  readonly step: (typeof STEPS)[number];
}

/**
 * `kill -9` at each step between the last part of a chord and what follows its body. Each chord ends with one body, though
 * its last part comes back, and though nothing comes back that was acknowledged early.
 */
export const ch4: Scenario = {
  id: 'CH-4',
  title: 'a worker killed at each step of the end of a chord',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(ACKS),
  tiers: ['ci', 'full'],
  parts: 4,
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const kind = ACKS[variant];
    if (kind === undefined) throw new Error(`No way to acknowledge: ${variant}`);
    const begunMs = performance.now();
    const [ledger, arm] = [join(folder, 'ledger'), join(folder, 'arm')];
    const app = withLeases(place, '1s');
    await using fleet = new Fleet(script, { app, worker: { concurrency: 1 }, ledger, arm });
    const options = { app, ledger, random, kinds: [kind], runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    await using keeper = new Keeper(fleet, WORKERS);
    const struck: Struck[] = [];
    const missed: SentChord[] = [];
    for (const step of STEPS) {
      for (let left = partSized(stage, 200, 2); left > 0; left -= WAVE) {
        const wave = Math.min(WAVE, left) + struck.length;
        while (struck.length < wave) {
          const sent = await lastPartRuns(load, kind);
          const atMs = await strike(arm, step);
          if (atMs === undefined) missed.push(sent);
          else {
            const one = { ...sent, atMs, step };
            struck.push(one);
            await cameBack(load, kind, one);
          }
          if (missed.length > struck.length + STEPS.length) throw new Error(`${step} is not passed`);
        }
        await load.drained(WAIT_MS);
      }
    }
    await keeper.stop();
    const left = await workedOff(fleet, load, place);
    load.reader.more();

    const { entries } = load.reader;
    const verdict = check(entries);
    const found = delays(struck, entries);
    const slowestMs = Math.max(0, ...found);
    const may = mayRunAgain(kind, struck);
    const again = [...verdict.duplicated, ...verdict.restarted].filter((id) => !may.has(id));
    return judged({
      stage,
      test: 'CH-4',
      variant,
      verdict,
      faults: struck.length,
      slowestMs,
      begunMs,
      broken: [
        ...promises(verdict, ['lost', 'stuck', 'unexpected']),
        ...(await brokenChords(load.app, [...struck, ...missed], entries)),
        ...(again.length > 0 ? [`${again.length} tasks ran more than once: ${again[0]}`] : []),
        ...(isTimed(tier) && slowestMs > FOUND_MS ? [`a body began ${slowestMs} ms after the kill`] : []),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
      ],
    });
  },
};

/** Sends a chord; resolves when its last part runs and all the others have been counted. */
async function lastPartRuns(load: Load, kind: Kind): Promise<SentChord> {
  const sinceMs = Date.now();
  const sent = await sendChord(load, [0, 0, LAST_PART_MS], { kind, isLinked: true });
  if (sent === undefined) throw new Error('a chord was not taken though the broker was there');
  await load.next('started', sinceMs, WAIT_MS, sent.parts.at(-1));
  const others = sent.parts.slice(0, -1);
  await eventually(async () => {
    const states = await Promise.all(others.map((id) => load.app.client.result(id).state()));
    return states.every((state) => state === 'SUCCESS');
  });
  // Counted right after it is stored.
  await pause(20);
  return sent;
}

/** @returns when a worker died of it, epoch ms; undefined: the step was not passed any more */
async function strike(arm: string, step: (typeof STEPS)[number]): Promise<number | undefined> {
  await writeFile(arm, `${step} 1`);
  const deadlineMs = performance.now() + STRIKE_LIMIT_MS;
  while (existsSync(arm) && performance.now() < deadlineMs) await pause(5);
  const isStruck = !existsSync(arm);
  await rm(arm, { force: true });
  return isStruck ? Date.now() : undefined;
}

/** What the dead worker had not acknowledged runs again: the next strike must not be for it. */
async function cameBack(load: Load, kind: Kind, { step, body, parts, atMs }: Struck): Promise<void> {
  if (kind === 'late') await load.next('ended', atMs, WAIT_MS, step === 'linksSent' ? body : parts.at(-1));
}

/** Those that a killed worker was about to acknowledge, and what it had sent of them. */
function mayRunAgain(kind: Kind, struck: readonly Struck[]): ReadonlySet<string> {
  if (kind === 'early') return new Set();
  return new Set(
    struck.flatMap(({ step, body, parts, link }) =>
      step === 'linksSent' ? [body, link ?? body] : parts.slice(-1),
    ),
  );
}

/** From each kill to the body that it kept from being sent, ms. */
function delays(struck: readonly Struck[], entries: readonly Entry[]): number[] {
  const begun = new Map<string, number>();
  for (const { step, id, atMs } of entries) if (step === 'started' && !begun.has(id)) begun.set(id, atMs);
  return struck.flatMap(({ body, atMs }) => {
    const bodyMs = begun.get(body);
    return bodyMs === undefined ? [] : [bodyMs - atMs];
  });
}
