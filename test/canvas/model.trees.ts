import fc from 'fast-check';
import type { AnyCanvas } from '../../lib/canvas/canvas.js';
import type { Canvas } from '../../lib/canvas/canvas.types.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { typedSignature } from '../../lib/canvas/face.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { group } from '../../lib/canvas/group.js';
import { readApplyOptions } from '../../lib/canvas/read-call-options.js';
import type { Behaviour, Errback, TaskTree, Tree } from './model.js';

/** A tree before its tasks have names: fast-check makes it small, `named` gives each part an id. */
export type Bare =
  | {
      readonly kind: 'task';
      readonly does: BareBehaviour;
      readonly immutable: boolean;
      readonly links: readonly Bare[];
      readonly errbacks: readonly Errback['style'][];
    }
  | {
      readonly kind: 'chain';
      readonly steps: readonly Bare[];
      readonly errbacks: readonly Errback['style'][];
    }
  | {
      readonly kind: 'group';
      readonly members: readonly Bare[];
      readonly errbacks: readonly Errback['style'][];
    }
  | {
      readonly kind: 'chord';
      readonly header: readonly Bare[];
      readonly body: Bare;
      readonly errbacks: readonly Errback['style'][];
    };
type BareBehaviour =
  Exclude<Behaviour, { does: 'replaced' }> | { readonly does: 'replaced'; readonly by: Bare };

const plainBehaviour: fc.Arbitrary<BareBehaviour> = fc.oneof(
  { weight: 30, arbitrary: fc.constant({ does: 'ok' } as const) },
  { weight: 2, arbitrary: fc.constant({ does: 'fails' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('retries' as const),
      times: fc.integer({ min: 1, max: 3 }),
      finally: fc.constantFrom('ok' as const, 'ok' as const, 'fails' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        'exhausts' as const,
        'rejects' as const,
        'requeues' as const,
        'revoked' as const,
        'expired' as const,
        'unknown' as const,
        'ignored' as const,
      )
      .map((does) => ({ does })),
  },
);

const errbackStyles = (weight: number): fc.Arbitrary<readonly Errback['style'][]> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constant([]) },
    {
      weight,
      arbitrary: fc.array(fc.constantFrom('here' as const, 'sent' as const), { minLength: 1, maxLength: 2 }),
    },
  );

/** Trees of canvases in canvases, as deep as asked for. */
export function trees(depth: number): fc.Arbitrary<Bare> {
  const inner = depth > 1 ? trees(depth - 1) : leaf(0);
  const some = (minLength: number, maxLength: number) => fc.array(inner, { minLength, maxLength });
  const errbacks = errbackStyles(4);
  return fc.oneof(
    { weight: depth > 1 ? 2 : 20, arbitrary: leaf(depth - 1) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('chain' as const), steps: some(1, 4), errbacks }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('group' as const), members: some(0, 3), errbacks }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('chord' as const),
        header: some(0, 3),
        body: inner,
        errbacks,
      }),
    },
  );
}

function leaf(depth: number): fc.Arbitrary<Bare> {
  const inner = depth > 1 ? trees(Math.min(2, depth - 1)) : undefined;
  const does =
    inner === undefined
      ? plainBehaviour
      : fc.oneof(
          { weight: 12, arbitrary: plainBehaviour },
          { weight: 1, arbitrary: fc.record({ does: fc.constant('replaced' as const), by: inner }) },
        );
  const links: fc.Arbitrary<readonly Bare[]> =
    inner === undefined
      ? fc.constant([])
      : fc.oneof(
          { weight: 12, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: fc.array(inner, { minLength: 1, maxLength: 2 }) },
        );
  return fc.record({
    kind: fc.constant('task' as const),
    does,
    immutable: fc.oneof(
      { weight: 6, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    links,
    errbacks: errbackStyles(3),
  });
}

/**
 * Gives every task, group and error callback a name of its own.
 * @param counted false: nobody hears of a task that is ignored, since it keeps no state; it fails instead
 */
export function named(bare: Bare, prefix: string, counted = true): Tree {
  let last = 0;
  const next = (kind: string): string => `${prefix}.${kind}${++last}`;
  const errbacksOf = (styles: readonly Errback['style'][]): Errback[] =>
    styles.map((style) => ({ name: next('e'), style }));
  const name = (tree: Bare): Tree => {
    const errbacks = errbacksOf(tree.errbacks);
    switch (tree.kind) {
      case 'task': {
        const id = next('t');
        const does = ((): Behaviour => {
          if (tree.does.does === 'replaced') return { does: 'replaced', by: name(tree.does.by) };
          return tree.does.does === 'ignored' && !counted ? { does: 'fails' } : tree.does;
        })();
        return { ...tree, id, label: id, does, links: tree.links.map(name), errbacks };
      }
      case 'chain':
        return { ...tree, steps: tree.steps.map(name), errbacks };
      case 'group':
        return { ...tree, id: next('g'), members: tree.members.map(name), errbacks };
      case 'chord':
        return { ...tree, id: next('h'), header: tree.header.map(name), body: name(tree.body), errbacks };
    }
  };
  return name(bare);
}

/** The same tree with the library's builders. */
export function canvasOf(tree: Tree, late: boolean): AnyCanvas {
  return build(tree, late);
}

/** Fits everywhere: what the types would say is not what is looked at here. */
type AnyPart = Canvas<[], never, true>;

function build(tree: Tree, late: boolean): AnyPart {
  const inner = (part: Tree): AnyPart => build(part, late);
  const made = ((): AnyPart => {
    switch (tree.kind) {
      case 'task':
        return task(tree, late);
      case 'chain':
        return chain(tree.steps.map(inner)) as unknown as AnyPart;
      case 'group':
        return group(tree.members.map(inner)).set({ taskId: tree.id }) as unknown as AnyPart;
      case 'chord': {
        const header = group(tree.header.map(inner)).set({ taskId: tree.id });
        return chord(header, inner(tree.body)) as unknown as AnyPart;
      }
    }
  })();
  return tree.errbacks.reduce(
    (part, { name, style }) =>
      part.linkError(signature(style === 'here' ? 'heardHere' : 'heard', { args: [name] }) as never),
    made,
  );
}

function task({ id, label, does, immutable, links }: TaskTree, late: boolean): AnyPart {
  const name = does.does === 'unknown' ? 'nobody' : late ? 'late' : 'early';
  const options = readApplyOptions({
    taskId: id,
    ...(does.does === 'expired' ? { expires: new Date(0) } : {}),
  });
  const made = typedSignature(name, { args: [label], options, immutable }) as unknown as AnyPart;
  return links.reduce((part, link) => part.link(build(link, late) as never), made);
}

/** Every task of a tree, those of links and of what replaces a task included. */
export function* tasksIn(tree: Tree): Generator<TaskTree> {
  switch (tree.kind) {
    case 'task':
      yield tree;
      for (const link of tree.links) yield* tasksIn(link);
      if (tree.does.does === 'replaced') yield* tasksIn(tree.does.by);
      return;
    case 'chain':
      for (const step of tree.steps) yield* tasksIn(step);
      return;
    case 'group':
      for (const member of tree.members) yield* tasksIn(member);
      return;
    case 'chord':
      for (const member of tree.header) yield* tasksIn(member);
      yield* tasksIn(tree.body);
  }
}

/** How it is written down when it fails. */
export function shown(tree: Tree): string {
  const heard = tree.errbacks.map(({ name, style }) => ` -${name}${style === 'here' ? '!' : ''}`).join('');
  switch (tree.kind) {
    case 'task': {
      const { id, does, immutable, links } = tree;
      const how =
        does.does === 'ok'
          ? ''
          : does.does === 'replaced'
            ? `<${shown(does.by)}>`
            : `<${Object.values(does).join(' ')}>`;
      return `${id}${immutable ? '!' : ''}${how}${links.map((link) => ` +${shown(link)}`).join('')}${heard}`;
    }
    case 'chain':
      return `[${tree.steps.map(shown).join(' > ')}]${heard}`;
    case 'group':
      return `(${tree.members.map(shown).join(' ')})#${tree.id}${heard}`;
    case 'chord':
      return `{(${tree.header.map(shown).join(' ')})#${tree.id} => ${shown(tree.body)}}${heard}`;
  }
}
