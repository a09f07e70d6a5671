import type { Cli, Run } from './cli.js';
import type { Flags } from './flag.js';
import { readGiven, type RawGiven } from './read-given.js';
import type { Args, Given, Head, Usage } from './usage.js';

/** A row of the table of commands. */
export interface Entry extends Head {
  /** What it takes. */
  readonly usage: () => Promise<Usage>;
  readonly run: Run<RawGiven>;
}

export function entry<F extends Flags, A extends Args>(
  head: Head,
  loadUsage: () => Promise<Usage<F, A>>,
  load: () => Promise<{ readonly run: Run<Given<F, A>> }>,
): Entry {
  return Object.freeze({
    ...head,
    usage: loadUsage,
    async run(raw: RawGiven, cli: Cli) {
      const given = readGiven(head.name, await loadUsage(), raw, cli.env);
      const { run } = await load();
      return run(given, cli);
    },
  });
}
