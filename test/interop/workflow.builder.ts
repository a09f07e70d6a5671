import {
  chain,
  chord,
  chunks,
  group,
  map,
  starmap,
  type AnyCanvas,
  type ApplyAsyncOptions,
  type CanvasMethods,
  type Signature,
  type Stamps,
  type TaskClient,
} from '../../lib/index.js';
import type { ShapeNode } from './workflow.shapes.js';

type Built = AnyCanvas & CanvasMethods;
/** A call that fits everywhere: the shapes are checked by what comes of them, not by the compiler. */
type Loose = Signature<readonly unknown[], never, never>;

/** Makes shapes canvases of ours. @param notes the list that `$NOTES` stands for @param side the queue that `$SIDE` stands for */
export function builderOf(client: TaskClient, notes: string, side: string): (node: ShapeNode) => Built {
  const handles = client.of<Record<string, (...args: never[]) => unknown>>('wf');
  const build = (node: ShapeNode): Built => decorated(bare(node), node);
  const loose = (node: ShapeNode): Loose => build(node) as unknown as Loose;
  const bare = (node: ShapeNode): Built => {
    if (node.chain !== undefined) return chain(...(node.chain.map(loose) as [Loose])) as unknown as Built;
    if (node.group !== undefined) return group(node.group.map(loose)) as unknown as Built;
    if (node.chord !== undefined)
      return chord(node.chord[0].map(loose), loose(node.chord[1])) as unknown as Built;
    if (node.map !== undefined)
      return map(handles[node.map[0]] as never, node.map[1] as never) as unknown as Built;
    if (node.starmap !== undefined)
      return starmap(handles[node.starmap[0]] as never, node.starmap[1] as never) as unknown as Built;
    if (node.chunks !== undefined)
      return chunks(
        handles[node.chunks[0]] as never,
        node.chunks[1] as never,
        node.chunks[2],
      ) as unknown as Built;
    const call = client.signature(`wf.${node.t ?? ''}`, {
      args: (node.a ?? []).map((arg) => (arg === '$NOTES' ? notes : arg)),
      kwargs: Object.fromEntries(
        Object.entries(node.k ?? {}).map(([key, value]) => [key, value === '$NOTES' ? notes : value]),
      ),
    });
    return Object.assign(Object.create(Object.getPrototypeOf(call) as object) as Built, call, {
      immutable: node.i === true,
    });
  };
  const decorated = (canvas: Built, { o, stamps, link = [], err = [] }: ShapeNode): Built => {
    const options = o?.['queue'] === '$SIDE' ? { ...o, queue: side } : o;
    let told = options === undefined ? canvas : canvas.set(options as ApplyAsyncOptions);
    if (stamps !== undefined) told = told.stamp(stamps as Stamps);
    for (const each of link) told = (told as Loose).link(loose(each) as never) as unknown as Built;
    for (const each of err) told = told.linkError(build(each) as never);
    return told;
  };
  return build;
}
