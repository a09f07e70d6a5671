import { contentOf } from '../../message/open-content.js';
import { fuzzRow } from '../fuzz/row.js';
import {
  contentTypeThreats,
  exceptionThreats,
  patternThreats,
  pollutionThreats,
  type Threat,
} from '../fuzz/threats.js';
import { Tripwires } from '../fuzz/tripwires.js';
import { watched } from '../fuzz/watch.js';
import type { Content } from '../../../lib/message/content.js';
import { isTimed, type Scenario } from '../scenario.js';

const ALL = ['json', 'msgpack', 'yaml'];
/** The short tier takes one of so many. */
const SHORT_STEP = 7;

/** What a peer sends is data: nothing is run, loaded, opened or changed by it, and none of it takes long. */
function security(
  id: string,
  title: string,
  accepted: readonly string[],
  threatsTo: (content: Content) => readonly Threat[],
): Scenario {
  return {
    id,
    title,
    places: ['memory'],
    variants: [title],
    tiers: ['short', 'ci', 'full'],
    async run(stage, variant) {
      const begunMs = performance.now();
      const content = await contentOf({ acceptContent: accepted });
      const every = stage.tier === 'short' ? SHORT_STEP : 1;
      const threats = threatsTo(content).filter((_, index) => index % every === 0);
      using wires = new Tripwires();
      const seen = await watched({
        rounds: threats.length,
        isTimed: isTimed(stage.tier),
        next: (round): Threat => threats[round] ?? { name: 'none', run: () => false },
        reads: (threat) => threat.run(),
        shows: ({ name }) => name,
      });
      const tripped = wires.tripped.map((name) => `${name} was called`);
      return fuzzRow(stage, {
        test: id,
        variant,
        seen: { ...seen, broken: [...seen.broken, ...tripped] },
        begunMs,
      });
    },
  };
}

export const sec1 = security('SEC-1', 'content types that are not accepted', ['json'], contentTypeThreats);
export const sec2 = security('SEC-2', 'names of exceptions', ALL, exceptionThreats);
export const sec3 = security('SEC-3', 'prototypes', ALL, pollutionThreats);
export const sec4 = security('SEC-4', 'texts against patterns', ALL, patternThreats);
