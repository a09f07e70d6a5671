import type { Chord } from './canvas.types.js';
import { face } from './face.js';
import type {
  AllImmutable,
  ImmutableOf,
  NeedOf,
  NeedOfAll,
  Part,
  PartSource,
  ResultOf,
  ResultsOf,
  Step,
} from './fit.types.js';
import { chordShape } from './shapes.js';

type AnyHeader = (Part & { readonly kind: 'group' }) | PartSource;

type HeaderResult<H> = H extends Part ? ResultOf<H> : ResultsOf<H>;
type HeaderNeed<H> = H extends Part ? NeedOf<H> : NeedOfAll<H>;
type HeaderImmutable<H> = H extends Part ? (ImmutableOf<H> extends true ? true : false) : AllImmutable<H>;

/**
 * Side by side, then one: the body runs once, when the last task of the header has succeeded, with the list of their results
 * in the order of the header. Header: a group, a list or what gives its tasks one by one; body: any canvas.
 *
 * When a task of the header fails for good, the body ends with a `ChordError` and its error callbacks run.
 *
 * @example
 * await client.applyAsync(chord(urls.map((url) => web.fetch.s(url)), web.merge.s()));
 * await client.applyAsync(chord(group(mail.send.s('a@b.c', 'hi'), math.add.s(1, 2)), audit.both.s()));
 * @throws InvalidCanvasError for a header that is no group or list, and for a task or body that is no canvas
 */
export function chord<const H extends AnyHeader, B extends Part>(
  header: H,
  body: B & Step<HeaderResult<H>, B>,
): Chord<HeaderNeed<H>, ResultOf<B>, HeaderImmutable<H>>;
export function chord(header: unknown, body: unknown): Chord<readonly unknown[], never, never> {
  return face(chordShape(header, body));
}
