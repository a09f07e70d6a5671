import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chord, type CeleryApp } from '../../../lib/index.js';
import { check } from '../checker.js';
import { COPIED, COPIED_TASK, publishTwice, type Copied } from '../copies.js';
import { openCrew } from '../crew.js';
import { judged, promises } from '../judge.js';
import type { Entry } from '../ledger.js';
import { leftover } from '../leftover.js';
import { Load } from '../load.js';
import { sized, type Scenario } from '../scenario.js';

const WORKERS = 2;
const PARTS = 10;
/** Chords that are under way at a time. */
const OPEN = 40;
const AT_ONCE = 50;
const WAIT_MS = 60_000;

/** A chord each of whose parts was sent twice. */
interface Doubled {
  readonly parts: readonly string[];
  readonly body: string;
  /** Runs instead of the body where a part fails. */
  readonly heard: string;
}

/** Each part of a chord comes twice. It ends once all the same: from the first that came of each part, which stands for all who ask. */
export const ch3: Scenario = {
  id: 'CH-3',
  title: 'chords whose parts come twice',
  places: ['memory', 'Redis', 'RabbitMQ', 'RabbitMQ quorum'],
  variants: COPIED,
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, place, random, folder } = stage;
    const how = COPIED.find((known) => known === variant);
    if (how === undefined) throw new Error(`No such copies: ${variant}`);
    const begunMs = performance.now();
    const ledger = join(folder, 'ledger');
    const options = { app: place.app, ledger, random, kinds: ['late'] as const, runMs: [0, 0] as const };
    await using load = await Load.open({ ...options, backlog: 0 });
    publishTwice(load.app);
    await using crew = await openCrew(stage, ledger, WORKERS);

    const chords = sized(tier, 2_000, 20);
    const sent: Doubled[] = [];
    while (sent.length < chords) {
      await load.roomFor(OPEN * PARTS);
      const failing = how === 'failing' ? random.between(0, PARTS * 2 - 1) : undefined;
      sent.push(await sendDoubled(load, how, failing));
    }
    await load.drained(WAIT_MS);
    const { reader } = load;
    const isOver = async (): Promise<boolean> => {
      reader.more();
      return endsOf(sent, reader.entries).every((ends) => ends > 0) && (await leftover(load, place)) === 0;
    };
    const deadlineMs = performance.now() + WAIT_MS;
    while (!(await isOver()) && performance.now() < deadlineMs) await pause(100);
    await crew.stop();
    reader.more();

    const parts = new Set(sent.flatMap((each) => each.parts));
    const verdict = check(reader.entries.filter(({ id }) => parts.has(id)));
    const wrong = endsOf(sent, reader.entries).filter((ends) => ends !== 1).length;
    const left = await leftover(load, place);
    return judged({
      stage,
      test: 'CH-3',
      variant,
      verdict,
      faults: chords * PARTS,
      slowestMs: 0,
      begunMs,
      broken: [
        ...promises(verdict, ['lost', 'stuck', 'unexpected']),
        ...(wrong > 0 ? [`${wrong} chords did not end once`] : []),
        ...(await inconsistent(load.app, sent, how)),
        ...(left > 0 ? [`${left} messages were left behind`] : []),
      ],
    });
  },
};

/** @param failing which run of the parts fails, counted over all; undefined: none */
async function sendDoubled(load: Load, how: Copied, failing: number | undefined): Promise<Doubled> {
  const parts = Array.from({ length: PARTS }, () => load.newId('part'));
  const [body, heard] = [load.newId('body'), load.newId('heard')];
  const isSent = await load.submit(parts, (client) => {
    const header = parts.map((taskId, place) => {
      const copy = failing !== undefined && failing >> 1 === place ? 1 + (failing & 1) : null;
      return client.signature(COPIED_TASK, { taskId, args: [how, place, copy] });
    });
    const end = client.signature('hard.follow', { taskId: body });
    return client.applyAsync(
      chord(header, end.linkError(client.signature('hard.follow', { taskId: heard }))),
    );
  });
  if (!isSent) throw new Error('a chord was not taken though the broker was there');
  return { parts, body, heard };
}

/** How often each was ended, by its body or by what hears of its failure. */
function endsOf(sent: readonly Doubled[], entries: readonly Entry[]): readonly number[] {
  const starts = new Map<string, number>();
  for (const { step, id } of entries) if (step === 'started') starts.set(id, (starts.get(id) ?? 0) + 1);
  return sent.map(({ body, heard }) => (starts.get(body) ?? 0) + (starts.get(heard) ?? 0));
}

/** Bodies that got anything but what stands as the results of their parts, and chords that failed though no part did. */
async function inconsistent(app: CeleryApp, sent: readonly Doubled[], how: Copied): Promise<string[]> {
  const wrong: string[] = [];
  const look = async ({ parts, body }: Doubled): Promise<void> => {
    const { client } = app;
    const results = await Promise.all(parts.map((id) => client.result(id).info()));
    const state = await client.result(body).state();
    if (state !== 'SUCCESS') {
      if (how !== 'failing' || state !== 'FAILURE') wrong.push(`${body} is ${state}`);
      return;
    }
    const [given, stored] = [await client.result(body).info(), results].map((list) => JSON.stringify(list));
    if (given !== stored) wrong.push(`${body} got ${given}, the results are ${stored}`);
  };
  for (let at = 0; at < sent.length; at += AT_ONCE) await Promise.all(sent.slice(at, at + AT_ONCE).map(look));
  return wrong.length === 0 ? [] : [`${wrong.length} bodies are not what their parts came to: ${wrong[0]}`];
}
