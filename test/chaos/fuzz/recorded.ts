import { readFileSync } from 'node:fs';

/** `task`, `events`, `control`, `reply`: envelopes as they lay on Redis. `result`: a document of the result backend. */
export type Kind = 'task' | 'events' | 'control' | 'reply' | 'result';

interface Recorded {
  readonly kind: Kind;
  readonly raw: string;
}

const FILES = ['celery-5.2.6', 'celery-5.6'].map((name) => `test/golden/envelopes/${name}.jsonl`);

/** What clients and workers of Python Celery wrote, recorded on the wire. Read from the root of the project. */
export function recorded(kind: Kind): readonly string[] {
  const lines = FILES.flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'));
  return lines
    .map((line) => JSON.parse(line) as Recorded)
    .filter((each) => each.kind === kind)
    .map(({ raw }) => raw);
}
