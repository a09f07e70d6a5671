import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chord } from '../../../lib/index.js';
import { check } from '../checker.js';
import { ChordKeys } from '../chord-keys.js';
import { fine, follows, part, SHAPES } from '../chord-shapes.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Keeper } from '../keeper.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

const WAIT_MS = 60_000;
/** A part that has not ended by then is lost: for each that kills its worker, some time more. */
const LOST_AFTER_MS = 5_000;
const A_DEATH_MS = 2_000;
const LOOK_EVERY_MS = 50;

/** A chord ends within a minute, whatever becomes of one of its parts, whoever waits for a failure hears of it once, and nothing is kept of it. */
export const ch6: Scenario = {
  id: 'CH-6',
  title: 'chords of parts that do not succeed',
  places: ['RabbitMQ', 'RabbitMQ quorum', 'Redis'],
  variants: Object.keys(SHAPES),
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, script, folder } = stage;
    const shape = SHAPES[variant];
    if (shape === undefined) throw new Error(`No shape: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const chords = Math.min(shape.most ?? Number.POSITIVE_INFINITY, sized(tier, 50, 2));
    const isLost = shape.losesWorker === true;
    const lostMs = LOST_AFTER_MS + A_DEATH_MS * chords;
    const app = isLost ? { ...place.app, resultChordLostAfter: `${lostMs}ms` as const } : place.app;
    const worker = { pool: isLost ? 'async' : 'prefork', concurrency: 2 } as const;
    await using fleet = new Fleet(script, { app, worker, ledger });
    const options = { app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    using keys = await ChordKeys.watch(app);
    await fleet.start();
    await using keeper = new Keeper(fleet, 1);

    const { client, control } = load.app;
    const once = new Set<string>();
    const waiting = new Map<string, number>();
    for (let each = chords; each > 0; each -= 1) {
      const [odd, body, heard] = [load.newId('odd'), load.newId('body'), load.newId('heard')];
      const ended = shape.body?.(client, body) ?? follows(client, body);
      const whole = chord([fine(), shape.odd(client, odd, folder)], ended.linkError(follows(client, heard)));
      // What has to run: the body, or what hears of the failure.
      const runs = shape.why === undefined ? body : heard;
      once.add(runs);
      await load.submit([runs], () => client.applyAsync(part(whole)));
      if (shape.isRevoked === true) await control.fleet().revoke(odd);
      waiting.set(body, performance.now());
    }
    const broken: string[] = [];
    const limitMs = isLost ? lostMs + WAIT_MS : WAIT_MS;
    let slowestMs = 0;
    while (waiting.size > 0) {
      for (const [body, sinceMs] of waiting) {
        const state = await client.result(body).state();
        const tookMs = performance.now() - sinceMs;
        if (state !== 'SUCCESS' && state !== 'FAILURE' && tookMs < limitMs) continue;
        waiting.delete(body);
        slowestMs = Math.max(slowestMs, tookMs);
        const wanted = shape.why === undefined ? 'SUCCESS' : 'FAILURE';
        if (state !== wanted) broken.push(`a body is ${state}, not ${wanted}`);
        const said = JSON.stringify(await client.result(body).info());
        if (shape.why?.test(said) === false) broken.push(`a body failed for another reason: ${said}`);
      }
      await pause(LOOK_EVERY_MS);
    }
    await load.drained(WAIT_MS);
    const left = await keys.left();
    await keeper.stop();
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const faults = shape.why === undefined ? 0 : verdict.attempted;
    broken.push(...promises(verdict, ['lost', 'stuck']));
    // Parts that are tried again run again.
    const again = [...verdict.duplicated, ...verdict.restarted].filter((id) => once.has(id));
    if (again.length > 0) broken.push(`${again.length} ran more than once: ${again[0]}`);
    if (left.length > 0) broken.push(`${left.length} keys are left: ${left[0]}`);
    return judged({ stage, test: 'CH-6', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};
