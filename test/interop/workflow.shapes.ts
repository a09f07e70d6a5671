/** A canvas in a form that both sides read: see `workflow.builder.ts` and `python/workflow_app.py`. */
export interface ShapeNode {
  /** A task `wf.<t>`. */
  readonly t?: string;
  readonly a?: readonly unknown[];
  readonly k?: Readonly<Record<string, unknown>>;
  /** Immutable. */
  readonly i?: boolean;
  /** Celery's options; the queue `$SIDE` is another one that the fleet consumes. */
  readonly o?: Readonly<Record<string, unknown>>;
  readonly link?: readonly ShapeNode[];
  readonly err?: readonly ShapeNode[];
  readonly chain?: readonly ShapeNode[];
  readonly group?: readonly ShapeNode[];
  readonly chord?: readonly [header: readonly ShapeNode[], body: ShapeNode];
  readonly map?: readonly [task: string, items: readonly unknown[]];
  readonly starmap?: readonly [task: string, items: readonly (readonly unknown[])[]];
  /** Stamps, which Celery 5.2.6 does not know: only we set them. */
  readonly stamps?: Readonly<Record<string, unknown>>;
  readonly chunks?: readonly [task: string, items: readonly (readonly unknown[])[], n: number];
}

export interface Shape {
  readonly name: string;
  readonly canvas: ShapeNode;
  /** Given when it is sent. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** The value, nested as the results are, or the error as `error:Type: message`, ids as `<id>`. */
  readonly is: unknown;
  /** Celery 5.2.6 turns lists within the value round at times: they are compared as if sorted. */
  readonly inAnyOrder?: true;
  /** What `wf.note` has written down in the end, sorted; ids as `<id>`. */
  readonly notes?: readonly string[];
  /** Why Celery 5.2.6 does not do it by itself: then only our side's workers run it. */
  readonly notInPython?: string;
}

export const t = (name: string, ...a: readonly unknown[]): ShapeNode => ({ t: name, a });
export const si = (name: string, ...a: readonly unknown[]): ShapeNode => ({ t: name, a, i: true });
export const chain = (...steps: readonly ShapeNode[]): ShapeNode => ({ chain: steps });
export const group = (...members: readonly ShapeNode[]): ShapeNode => ({ group: members });
export const chord = (header: readonly ShapeNode[], body: ShapeNode): ShapeNode => ({
  chord: [header, body],
});
export const add = (...a: readonly unknown[]): ShapeNode => t('add', ...a);
export const inc = t('inc');
export const total = t('total');
export const boom = t('boom');
export const note = (text: string): ShapeNode => ({ t: 'note', a: [text, '$NOTES'] });

/** Celery calls one with more arguments in another way. */
export const failed: ShapeNode = { t: 'failed', k: { text: 'failed', into: '$NOTES' } };

export const SHAPES: readonly Shape[] = [
  { name: 'one task', canvas: add(1, 2), is: 3 },
  { name: 'one task with keyword arguments', canvas: { t: 'kw', a: [1], k: { b: 5 } }, is: 6 },
  { name: 'one task with options', canvas: { ...add(1, 2), o: { priority: 3, headers: { x: 1 } } }, is: 3 },
  { name: 'one task with a countdown', canvas: { ...add(1, 2), o: { countdown: 0.2 } }, is: 3 },
  { name: 'chain of two', canvas: chain(add(1, 2), add(10)), is: 13 },
  { name: 'chain of five', canvas: chain(add(1, 1), inc, inc, t('mul', 3), inc), is: 13 },
  { name: 'chain with an immutable step', canvas: chain(add(1, 2), si('add', 5, 5), inc), is: 11 },
  { name: 'chain with keyword arguments', canvas: chain(add(1, 2), { t: 'kw', k: { b: 7 } }), is: 10 },
  { name: 'chain in a chain', canvas: chain(add(1, 1), chain(inc, inc), inc), is: 5 },
  {
    name: 'chain with a countdown in it',
    canvas: chain(add(1, 1), { ...inc, o: { countdown: 0.2 } }),
    is: 3,
  },
  { name: 'chain that fails at its first step', canvas: chain(boom, inc, inc), is: 'error:ValueError: boom' },
  {
    name: 'chain that fails in the middle',
    canvas: chain(add(1, 1), boom, inc),
    is: 'error:ValueError: boom',
  },
  { name: 'chain that fails at its end', canvas: chain(add(1, 1), inc, boom), is: 'error:ValueError: boom' },
  { name: 'group', canvas: group(add(1, 1), add(2, 2), add(3, 3)), is: [2, 4, 6] },
  { name: 'group of one', canvas: group(add(1, 1)), is: [2] },
  { name: 'group of chains', canvas: group(chain(add(1, 1), inc), chain(add(2, 2), inc)), is: [3, 5] },
  { name: 'group in a group', canvas: group(group(add(1, 1), add(2, 2)), add(3, 3)), is: [2, 4, 6] },
  {
    name: 'group with a member that fails',
    canvas: group(add(1, 1), boom),
    is: [2, 'error:ValueError: boom'],
  },
  { name: 'chord', canvas: chord([add(1, 1), add(2, 2)], total), is: 6 },
  {
    name: 'chord keeps the order',
    canvas: chord([add(1, 0), add(2, 0), add(3, 0), add(4, 0)], t('ident')),
    is: [1, 2, 3, 4],
  },
  { name: 'chord of one', canvas: chord([add(1, 1)], total), is: 2 },
  { name: 'chord without a header', canvas: chord([], total), is: 0 },
  { name: 'chord with an immutable body', canvas: chord([add(1, 1), add(2, 2)], si('add', 20, 1)), is: 21 },
  {
    name: 'chord with more arguments for its body',
    canvas: chord([add(1, 1), add(2, 2)], t('count', 100)),
    is: 102,
  },
  {
    name: 'chord with a chain as body',
    canvas: chord([add(1, 1), add(2, 2)], chain(total, inc, inc)),
    is: 8,
  },
  {
    name: 'chord with chains in its header',
    canvas: chord([chain(add(1, 1), inc), add(2, 2)], total),
    is: 7,
  },
  {
    name: 'chord with a slow part',
    canvas: chord([{ ...add(1, 1), o: { countdown: 0.3 } }, add(2, 2)], total),
    is: 6,
  },
  { name: 'chord with a part that is tried again', canvas: chord([t('flaky', 2), add(1, 1)], total), is: 4 },
  {
    name: 'chord in a chord',
    canvas: chord([chord([add(1, 1), add(2, 2)], total), add(3, 3)], total),
    is: 12,
  },
  { name: 'chord in a chain', canvas: chain(add(1, 1), chord([inc, add(10)], total), inc), is: 16 },
  { name: 'chord, then more', canvas: chain(chord([add(1, 1), add(2, 2)], total), inc, inc), is: 8 },
  {
    name: 'chord with a part that fails',
    canvas: chord([add(1, 1), boom], total),
    is: "error:ChordError: Dependency <id> raised ValueError('boom')",
  },
  {
    name: 'chord whose body fails',
    canvas: chord([add(1, 1), add(2, 2)], boom),
    is: 'error:ValueError: boom',
  },
  {
    name: 'chord with a chain that fails in its header',
    canvas: chord([chain(boom, inc), add(1, 1)], total),
    is: "error:ChordError: Dependency <id> raised ValueError('boom')",
  },
  { name: 'group, then a task', canvas: chain(group(add(1, 1), add(2, 2)), total), is: 6 },
  { name: 'task, group, task', canvas: chain(add(1, 1), group(inc, add(10)), total), is: 15 },
  { name: 'task, group, task, task', canvas: chain(add(1, 1), group(inc, add(10)), total, inc), is: 16 },
  { name: 'task, group', canvas: chain(add(1, 1), group(inc, add(10))), is: [3, 12] },
  { name: 'task, group of one, task', canvas: chain(add(1, 1), group(inc), inc), is: 4 },
  {
    name: 'two groups, one after the other',
    canvas: chain(group(add(1, 1), add(2, 2)), total, group(inc, add(10)), total),
    is: 23,
  },
  {
    name: 'groups of groups, summed',
    canvas: chord([group(add(1, 1), add(2, 2)), add(3, 3)], total),
    is: 12,
  },
  { name: 'map', canvas: { map: ['inc', [1, 2, 3]] }, is: [2, 3, 4] },
  {
    name: 'starmap',
    canvas: {
      starmap: [
        'add',
        [
          [1, 2],
          [3, 4],
        ],
      ],
    },
    is: [3, 7],
  },
  {
    name: 'chunks',
    canvas: {
      chunks: [
        'add',
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        2,
      ],
    },
    is: [[2, 4], [6]],
  },
  { name: 'map in a chain', canvas: chain({ map: ['inc', [1, 2]] }, total), is: 5 },
  {
    name: 'map and starmap in a chord',
    canvas: chord([{ map: ['inc', [1, 2]] }, { starmap: ['add', [[1, 1]]] }], total),
    is: 7,
  },
  { name: 'link', canvas: { ...add(1, 2), link: [note('linked')] }, is: 3, notes: ['3 linked'] },
  {
    name: 'two links',
    canvas: { ...add(1, 2), link: [note('one'), note('two')] },
    is: 3,
    notes: ['3 one', '3 two'],
  },
  {
    name: 'an immutable link',
    canvas: { ...add(1, 2), link: [{ ...note('x'), a: ['own', 'x', '$NOTES'], i: true }] },
    is: 3,
    notes: ['own x'],
  },
  {
    name: 'a link in a chain',
    canvas: chain({ ...add(1, 2), link: [note('first')] }, inc),
    is: 4,
    notes: ['3 first'],
  },
  {
    name: 'a link of a chain',
    canvas: { ...chain(add(1, 2), inc), link: [note('end')] },
    is: 4,
    notes: ['4 end'],
  },
  {
    name: 'a link of a chord',
    canvas: { ...chord([add(1, 1), add(2, 2)], total), link: [note('end')] },
    is: 6,
    notes: ['6 end'],
  },
  {
    name: 'an error callback',
    canvas: { ...boom, err: [failed] },
    is: 'error:ValueError: boom',
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a chain',
    canvas: { ...chain(add(1, 1), boom, inc), err: [failed] },
    is: 'error:ValueError: boom',
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a chord',
    canvas: { ...chord([add(1, 1), boom], total), err: [failed] },
    is: "error:ChordError: Dependency <id> raised ValueError('boom')",
    notes: ['<id> failed'],
  },
];
