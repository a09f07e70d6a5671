import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chain, chord, group, type TaskClient } from '../../../lib/index.js';
import { check } from '../checker.js';
import { Fleet } from '../fleet.js';
import { judged, promises } from '../judge.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

type Part = ReturnType<TaskClient['signature']>;
/** A chord as a part of another: what the types say of its arguments is not what is looked at here. */
const part = (canvas: unknown): Part => canvas as Part;

interface Shape {
  readonly ends: 'SUCCESS' | 'FAILURE';
  /** Beside one part that succeeds. */
  readonly odd: (client: TaskClient, id: string) => Part;
  /** Instead of a body that takes what the parts gave. */
  readonly body?: (client: TaskClient, id: string) => Part;
  readonly isRevoked?: true;
}

const fine = (client: TaskClient) => client.signature('chaos.late', { args: [1] });
const raises = (client: TaskClient) => client.signature('hard.raise');
const follows = (client: TaskClient, taskId?: string) =>
  client.signature('hard.follow', taskId === undefined ? {} : { taskId });
const fails = (odd: Shape['odd'], rest: Partial<Shape> = {}): Shape => ({ ends: 'FAILURE', odd, ...rest });

/** Whatever can become of a part. The pool's children die with theirs. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'all succeed': { ends: 'SUCCESS', odd: fine },
  'a part retries': { ends: 'SUCCESS', odd: (client) => client.signature('hard.retry', { args: [2] }) },
  'a part raises': fails(raises),
  'a part retries too often': fails((client) => client.signature('hard.retry', { args: [9] })),
  'a part nobody has': fails((client) => client.signature('nobody.has.this')),
  'a part expires': fails((client) => client.signature('chaos.late', { args: [1], expires: '1ms' })),
  'a part is revoked': fails(
    (client, taskId) => client.signature('chaos.late', { taskId, args: [1], countdown: '2s' }),
    { isRevoked: true },
  ),
  'a part takes too long': fails((client) =>
    client.signature('hard.wait', { args: [60_000], timeLimit: '1s' }),
  ),
  'a part is asked to end': fails((client) =>
    client.signature('hard.wait', { args: [60_000], softTimeLimit: '1s' }),
  ),
  'a part kills its child': fails((client, id) =>
    client.signature('hard.once', { args: ['exit', `/proc/none/${id}`] }),
  ),
  'a chain raises at once': fails((client) => part(chain(raises(client), follows(client)))),
  'a chain raises at its end': fails((client) => part(chain(fine(client), raises(client)))),
  'a group raises': fails((client) => part(group(fine(client), raises(client)))),
  'a chord in it raises': fails((client) => part(chord([fine(client), raises(client)], follows(client)))),
  'three levels down': fails((client) =>
    part(
      chain(
        fine(client),
        part(group(part(chord([fine(client), raises(client)], follows(client))), fine(client))),
      ),
    ),
  ),
  'the body raises': fails(fine, {
    body: (client, taskId) => client.signature('hard.raise', { taskId }),
  }),
};

const WAIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** A chord ends within a minute, whatever becomes of one of its parts, and whoever waits for a failure hears of it once. */
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
    const worker = { pool: 'prefork', concurrency: 2 } as const;
    await using fleet = new Fleet(script, { app: place.app, worker, ledger });
    const options = { app: place.app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    await fleet.start();

    const { client, control } = load.app;
    const once = new Set<string>();
    const waiting = new Map<string, number>();
    for (let each = sized(tier, 50, 2); each > 0; each -= 1) {
      const [odd, body, heard] = [load.newId('odd'), load.newId('body'), load.newId('heard')];
      const ended = shape.body?.(client, body) ?? follows(client, body);
      const whole = chord([fine(client), shape.odd(client, odd)], ended.linkError(follows(client, heard)));
      // What has to run: the body, or what hears of the failure.
      const runs = shape.ends === 'SUCCESS' ? body : heard;
      once.add(runs);
      await load.submit([runs], () => client.applyAsync(part(whole)));
      if (shape.isRevoked === true) await control.fleet().revoke(odd);
      waiting.set(body, performance.now());
    }
    const broken: string[] = [];
    let slowestMs = 0;
    while (waiting.size > 0) {
      for (const [body, sinceMs] of waiting) {
        const state = await client.result(body).state();
        const tookMs = performance.now() - sinceMs;
        if (state !== 'SUCCESS' && state !== 'FAILURE' && tookMs < WAIT_MS) continue;
        waiting.delete(body);
        slowestMs = Math.max(slowestMs, tookMs);
        if (state !== shape.ends) broken.push(`a body is ${state}, not ${shape.ends}`);
      }
      await pause(LOOK_EVERY_MS);
    }
    await load.drained(WAIT_MS);
    await fleet.stop();
    load.reader.more();

    const verdict = check(load.reader.entries);
    const faults = shape.ends === 'FAILURE' ? verdict.attempted : 0;
    broken.push(...promises(verdict, ['lost', 'stuck']));
    // Parts that are tried again run again.
    const again = [...verdict.duplicated, ...verdict.restarted].filter((id) => once.has(id));
    if (again.length > 0) broken.push(`${again.length} ran more than once: ${again[0]}`);
    return judged({ stage, test: 'CH-6', variant, verdict, faults, slowestMs, begunMs, broken });
  },
};
