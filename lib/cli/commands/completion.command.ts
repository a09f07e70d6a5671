import type { Cli } from '../cli.js';
import { bashScript, fishScript, zshScript } from '../completion-scripts.js';
import { EXIT } from '../exit-code.js';
import type { Entry } from '../entry.js';
import type { GivenTo } from '../usage.js';
import type { completionUsage } from './completion.usage.js';

/** @param entries every command, which this one cannot know by itself */
export function completion(entries: readonly Entry[]) {
  return async ({ args: { shell } }: GivenTo<typeof completionUsage>, { output }: Cli): Promise<number> => {
    const write = shell === 'fish' ? fishScript : shell === 'zsh' ? zshScript : bashScript;
    output.raw(
      write(await Promise.all(entries.map(async (entry) => ({ ...entry, ...(await entry.usage()) })))),
    );
    return EXIT.ok;
  };
}
