import { ASK_FLAGS } from '../ask-flags.js';
import { word } from '../flag.js';
import { maybe, one, usage } from '../usage.js';

export const graphUsage = usage({
  details:
    'A result tells what its task has sent, not what led to it: begin with the id of the first task. Of a chord there is its body ' +
    'alone, unless the header was saved as a group: then its id shows the parts.',
  args: {
    what: one('what', 'workers, or result', { words: ['workers', 'result'], closed: true }),
    id: maybe('id', 'with result: id of a task or a saved group'),
  },
  flags: { ...ASK_FLAGS, format: word('--format <format>', 'dot (default) or mermaid', ['dot', 'mermaid']) },
  examples: [
    'nest-celery graph workers | dot -Tsvg > workers.svg',
    'nest-celery graph result 1f6e0c5a-… --format mermaid',
  ],
});
