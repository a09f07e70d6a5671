import type { Chain } from './canvas.types.js';
import { face } from './face.js';
import type { First, ImmutableOf, Last, NeedOf, Part, ResultOf, Steps } from './fit.types.js';
import { chainShape, listGiven } from './shapes.js';

type ChainOf<S extends readonly unknown[]> = Chain<
  NeedOf<First<S>>,
  ResultOf<Last<S>>,
  ImmutableOf<First<S>> extends true ? true : false
>;

/**
 * One after the other: each result goes in front of the next step's arguments. Any canvas can be a step. A group hands on
 * the list of its results (a group of one, as in Celery, its only member's result).
 *
 * @example
 * await client.applyAsync(chain(math.add.s(2, 2), math.add.s(4), mail.report.s('a@b.c')));
 * await client.applyAsync(chain([web.fetch.s(url), group(web.words.s(), web.links.s()), web.store.s()]));
 * @throws InvalidCanvasError for no steps, and for a step that is no canvas
 */
export function chain<S extends readonly [Part, ...Part[]]>(...steps: Steps<S>): ChainOf<S>;
export function chain<const S extends readonly Part[]>(steps: Steps<S>): ChainOf<S>;
export function chain(...given: readonly unknown[]): Chain<readonly unknown[], never, never> {
  return face(chainShape(listGiven(given)));
}
