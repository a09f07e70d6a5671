import { chord } from '../../lib/index.js';
import type { CeleryApp } from '../../lib/index.js';
import type { Entry } from './ledger.js';
import type { Load } from './load.js';

/** A chord that was sent; its body returns what its parts gave. */
export interface SentChord {
  readonly parts: readonly string[];
  readonly body: string;
  /** What each part gives, in their order. */
  readonly gives: readonly number[];
}

/** @param runsMs how long each part runs, which is what it gives; undefined: the broker did not take the chord */
export async function sendChord(load: Load, runsMs: readonly number[]): Promise<SentChord | undefined> {
  const parts = runsMs.map(() => load.newId('part'));
  const body = load.newId('body');
  const isSent = await load.submit([...parts, body], (client) => {
    const header = runsMs.map((ms, index) =>
      client.signature('chaos.late', { taskId: parts[index] ?? '', args: [ms] }),
    );
    return client.applyAsync(chord(header, client.signature('hard.follow', { taskId: body })));
  });
  return isSent ? { parts, body, gives: runsMs } : undefined;
}

const AT_ONCE = 100;

/** Bodies that began before all their parts had ended, or that were given anything but what these gave. */
export async function brokenChords(
  app: CeleryApp,
  sent: readonly SentChord[],
  entries: readonly Entry[],
): Promise<string[]> {
  const ended = new Set<string>();
  const partsOf = new Map(sent.map((each) => [each.body, each.parts]));
  const early = entries.flatMap(({ step, id }) => {
    if (step === 'ended') ended.add(id);
    const parts = step === 'started' ? partsOf.get(id) : undefined;
    return parts?.every((part) => ended.has(part)) === false ? [id] : [];
  });
  const wrong: string[] = [];
  for (let at = 0; at < sent.length; at += AT_ONCE) {
    const looks = sent.slice(at, at + AT_ONCE).map(async ({ body, gives }) => {
      const result = await app.client.result(body).info();
      if (JSON.stringify(result) !== JSON.stringify(gives))
        wrong.push(`${body} got ${JSON.stringify(result)}`);
    });
    await Promise.all(looks);
  }
  return [
    ...(early.length > 0 ? [`${early.length} bodies began before their parts had ended: ${early[0]}`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} bodies were not given what their parts gave: ${wrong[0]}`] : []),
  ];
}
