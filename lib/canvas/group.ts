import type { Group } from './canvas.types.js';
import { isCanvas } from './check-canvas.js';
import { face } from './face.js';
import type { AllImmutable, NeedOfAll, Part, PartSource, ResultsOf } from './fit.types.js';
import { groupShape } from './shapes.js';

/**
 * Side by side: all members get the same missing arguments, and the result is the list of theirs in their order. Any canvas
 * can be a member.
 *
 * Members can come from an iterable or an async generator: the group is then sent as they come, never held as a whole, and
 * only once.
 *
 * @example
 * const [receipt, sum] = await (await client.applyAsync(group(mail.send.s('a@b.c', 'hi'), math.add.s(1, 2)))).get();
 * await client.applyAsync(group(urls.map((url) => web.fetch.s(url))));
 * @throws InvalidCanvasError for a member that is no canvas: at once, or when it comes
 */
export function group<const S extends PartSource>(
  members: S,
): Group<NeedOfAll<S>, ResultsOf<S>, AllImmutable<S>>;
export function group<const S extends readonly Part[]>(
  ...members: S
): Group<NeedOfAll<S>, ResultsOf<S>, AllImmutable<S>>;
export function group(...given: readonly unknown[]): Group<readonly unknown[], never, never> {
  const [only] = given;
  return face(groupShape(given.length === 1 && !isCanvas(only) ? only : given));
}
