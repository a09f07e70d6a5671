/** Celery's key of a saved group, and how the keys of its chord begin. */
export const GROUP_KEY = 'celery-taskset-meta-';

export interface ChordKeys {
  /** In the order of `NAMES` in redis.chord-scripts.ts. */
  readonly ofChord: (groupId: string) => readonly string[];
  /** Registries of chords that are to be looked at again, each with that of their homes. */
  readonly registries: readonly (readonly [open: string, homes: string])[];
}

/** Nobody else counts chords on a Cluster: Celery's Redis backend does not know it. */
const BUCKETS = 16;

/**
 * Where chords are counted. `.j`, `.t` and `.s` are Celery's own; the others are this library's. On a Cluster one script
 * can reach keys of one slot alone: there, chords are spread over a few hash tags, each with its own registries.
 */
export function chordKeys(prefix: string, onCluster: boolean): ChordKeys {
  const tagOf = (bucket: number): string => (onCluster ? `{chords-${bucket}}` : '');
  const openOf = (tag: string): string => `${prefix}celery-chords-open${tag}`;
  const homesOf = (tag: string): string => `${prefix}celery-chords-homes${tag}`;
  const buckets = Array.from({ length: onCluster ? BUCKETS : 1 }, (_, bucket) => tagOf(bucket));
  return {
    ofChord: (groupId) => {
      const tag = tagOf(bucketOf(groupId));
      const chord = `${prefix}${GROUP_KEY}${tag}${groupId}`;
      const own = ['.j', '.t', '.s', '.c', '.k', '.i'].map((ending) => `${chord}${ending}`);
      return [...own, openOf(tag), `${prefix}celery-chords-done${tag}`, homesOf(tag)];
    },
    registries: buckets.map((tag) => [openOf(tag), homesOf(tag)] as const),
  };
}

function bucketOf(groupId: string): number {
  let sum = 0;
  for (const unit of Buffer.from(groupId)) sum = (sum * 31 + unit) % 65_521;
  return sum % BUCKETS;
}
