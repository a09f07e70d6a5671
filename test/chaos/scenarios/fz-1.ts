import { contentOf } from '../../message/open-content.js';
import { FORMATS } from '../fuzz/formats.js';
import { hostileEnvelopes } from '../fuzz/hostile.js';
import { fuzzRow } from '../fuzz/row.js';
import { taskPath } from '../fuzz/task-path.js';
import { watched, type Watched } from '../fuzz/watch.js';
import { isTimed, sized, type Scenario } from '../scenario.js';

/** Recorded messages, each with something changed, on their way through a worker up to its pool, or into quarantine. */
export const fz1: Scenario = {
  id: 'FZ-1',
  title: 'mutated messages: read, checked, made requests, or put into quarantine',
  places: ['memory'],
  variants: ['task messages'],
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, random } = stage;
    const begunMs = performance.now();
    const content = await contentOf({ acceptContent: ['json', 'msgpack', 'yaml'] });
    const rounds = sized(tier, 1_000_000, 3_000);
    const next = hostileEnvelopes('task', random);
    const seen = await watched({ rounds, isTimed: isTimed(tier), reads: taskPath(content), next });
    return fuzzRow(stage, { test: 'FZ-1', variant, seen: learnt(seen), begunMs });
  },
};

/** The same for every other form in which something comes from outside. */
export const fz2: Scenario = {
  id: 'FZ-2',
  title: 'mutated bodies, headers, envelopes, events, commands, replies and results',
  places: ['memory'],
  variants: Object.keys(FORMATS),
  tiers: ['short', 'ci', 'full'],
  async run(stage, variant) {
    const { tier, random } = stage;
    const begunMs = performance.now();
    const content = await contentOf({
      acceptContent: ['json', 'msgpack', 'yaml'],
      // Opens what is not built in.
      taskCompression: 'bzip2',
    });
    const fuzz = FORMATS[variant]?.(content, random);
    if (fuzz === undefined) throw new Error(`No format: ${variant}`);
    const seen = await watched({ rounds: sized(tier, 1_000_000, 500), isTimed: isTimed(tier), ...fuzz });
    return fuzzRow(stage, { test: 'FZ-2', variant, seen: learnt(seen), begunMs });
  },
};

/** Of inputs that are all read, or all refused, nothing is learnt. */
function learnt(seen: Watched): Watched {
  if (Math.min(seen.read, seen.refused) > 0) return seen;
  return { ...seen, broken: [...seen.broken, `${seen.read} were read and ${seen.refused} refused`] };
}
