import { chord } from '../../lib/index.js';
import type { CeleryApp } from '../../lib/index.js';
import type { Entry } from './ledger.js';
import type { Kind, Load } from './load.js';

/** A chord that was sent; its body returns what its parts gave, as does its link. */
export interface SentChord {
  readonly parts: readonly string[];
  readonly body: string;
  /** What follows the body; undefined: nothing. */
  readonly link: string | undefined;
  /** What each part gives, in their order. */
  readonly gives: readonly number[];
}

export interface ChordOptions {
  /** Of its parts and its body. Default late. */
  readonly kind?: Kind;
  /** A task follows the body. Default none does. */
  readonly isLinked?: boolean;
}

/** @param runsMs how long each part runs, which is what it gives; undefined: the broker did not take the chord */
export async function sendChord(
  load: Load,
  runsMs: readonly number[],
  { kind = 'late', isLinked = false }: ChordOptions = {},
): Promise<SentChord | undefined> {
  const parts = runsMs.map(() => load.newId('part'));
  const body = load.newId('body');
  const link = isLinked ? load.newId('link') : undefined;
  const ids = [...parts, body, ...(link === undefined ? [] : [link])];
  const isSent = await load.submit(ids, (client) => {
    const header = runsMs.map((ms, index) =>
      client.signature(`chaos.${kind}`, { taskId: parts[index] ?? '', args: [ms] }),
    );
    const end = client.signature(kind === 'late' ? 'hard.follow' : 'hard.pass', { taskId: body });
    const linked = link === undefined ? end : end.link(client.signature('hard.follow', { taskId: link }));
    return client.applyAsync(chord(header, linked));
  });
  return isSent ? { parts, body, link, gives: runsMs } : undefined;
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
    const looks = sent.slice(at, at + AT_ONCE).map(async ({ body, link = body, gives }) => {
      // A body that is killed once it has sent its link may have stored nothing.
      const result = await app.client.result(link).info();
      if (JSON.stringify(result) !== JSON.stringify(gives))
        wrong.push(`${link} got ${JSON.stringify(result)}`);
    });
    await Promise.all(looks);
  }
  return [
    ...(early.length > 0 ? [`${early.length} bodies began before their parts had ended: ${early[0]}`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} bodies were not given what their parts gave: ${wrong[0]}`] : []),
  ];
}
