import { add, chain, chord, group, inc, si, t, total, type Shape } from './workflow.shapes.js';

const GROUP_AS_BODY = 'its client waits for the group of a body for ever, at times';
const ident = t('ident');
const pairs = [
  [1, 1],
  [2, 2],
  [3, 3],
];

/** Canvases in canvases, deeper than one level; tasks that put a canvas in their place. */
export const NESTING: readonly Shape[] = [
  { name: 'chain of one', canvas: chain(add(1, 1)), is: 2 },
  {
    name: 'chains in chains in a chain',
    canvas: chain(chain(chain(add(1, 1), inc), inc), chain(inc)),
    is: 5,
  },
  { name: 'group without members', canvas: group(), is: [] },
  {
    name: 'group of groups of groups',
    canvas: group(group(group(add(1, 1)), add(2, 2)), add(3, 3)),
    is: [2, 4, 6],
  },
  {
    name: 'group of chords',
    canvas: group(chord([add(1, 1), add(2, 2)], total), chord([add(3, 3)], total)),
    is: [6, 6],
  },
  {
    name: 'group of a chain that ends in a group',
    canvas: group(chain(add(1, 1), group(inc, add(10))), add(2, 2)),
    is: [[3, 12], 4],
  },
  {
    name: 'group of immutable members after a task',
    canvas: chain(add(1, 1), group(si('add', 5, 5), inc)),
    is: [10, 3],
  },
  {
    name: 'group in a group after a task',
    canvas: chain(add(1, 1), group(group(inc, add(10)), add(20)), total),
    is: 37,
  },
  {
    name: 'group after a group',
    notInPython: GROUP_AS_BODY,
    canvas: chain(group(add(1, 1), add(2, 2)), group(total, t('count', 1))),
    is: [6, 3],
  },
  {
    name: 'chord, then a group',
    notInPython: GROUP_AS_BODY,
    canvas: chain(chord([add(1, 1), add(2, 2)], total), group(inc, add(10))),
    is: [7, 16],
  },
  {
    name: 'chord, then a group, then a task',
    canvas: chain(chord([add(1, 1), add(2, 2)], total), group(inc, add(10)), total),
    is: 23,
  },
  {
    name: 'chord after a chord',
    canvas: chain(chord([add(1, 1), add(2, 2)], total), chord([inc, add(10)], total)),
    is: 23,
  },
  {
    name: 'chord with a group as body',
    notInPython: GROUP_AS_BODY,
    canvas: chord([add(1, 1), add(2, 2)], group(total, t('count', 1))),
    is: [6, 3],
  },
  {
    name: 'chord with a chord as body',
    canvas: chord([add(1, 1), add(2, 2)], chord([total, t('count', 1)], total)),
    is: 9,
  },
  {
    name: 'chord with a chain that ends in a group as body',
    notInPython: GROUP_AS_BODY,
    canvas: chord([add(1, 1), add(2, 2)], chain(total, group(inc, add(10)))),
    is: [7, 16],
  },
  {
    name: 'chord with a chain with a group in it as body',
    canvas: chord([add(1, 1), add(2, 2)], chain(total, group(inc, add(10)), total, inc)),
    is: 24,
  },
  {
    name: 'chord with an immutable chain as body',
    canvas: chord([add(1, 1), add(2, 2)], chain(si('add', 1, 1), inc)),
    is: 3,
  },
  {
    name: 'header with a chain with a group in it',
    canvas: chord([chain(add(1, 1), group(inc, add(10)), total), add(2, 2)], total),
    is: 19,
  },
  {
    name: 'header with a chain that ends in a group',
    canvas: chord([chain(add(1, 1), group(inc, add(10))), add(2, 2)], total),
    is: 19,
  },
  {
    name: 'header with a chain that ends in a chord',
    canvas: chord([chain(add(1, 1), chord([inc, add(10)], total)), add(2, 2)], total),
    is: 19,
  },
  {
    name: 'header with a chord with a chain as body',
    canvas: chord([chord([add(1, 1), add(2, 2)], chain(total, inc)), add(3, 3)], total),
    is: 13,
  },
  {
    name: 'header in a header in a header',
    canvas: chord([chord([chord([add(1, 1)], total)], total), add(2, 2)], total),
    is: 6,
  },
  {
    name: 'header with a group of chains',
    canvas: chord([group(chain(add(1, 1), inc), chain(add(2, 2), inc)), add(3, 3)], total),
    is: 14,
  },
  {
    name: 'header with a group: the order',
    canvas: chord([group(add(1, 0), add(2, 0)), add(3, 0), group(add(4, 0), add(5, 0))], ident),
    is: [1, 2, 3, 4, 5],
    inAnyOrder: true,
  },
  {
    name: 'header of fifty',
    canvas: chord(
      Array.from({ length: 50 }, (_, n) => add(n, 1)),
      total,
    ),
    is: 1275,
  },
  { name: 'chunks, then a task', canvas: chain({ chunks: ['add', pairs, 2] }, total), is: 12 },
  { name: 'chunks in a header', canvas: chord([{ chunks: ['add', pairs, 2] }, add(1, 1)], total), is: 14 },
  { name: 'starmap in a chain', canvas: chain({ starmap: ['add', pairs] }, total, inc), is: 13 },
  { name: 'replaced by a task', canvas: t('swap', 1, 'task'), is: 2 },
  { name: 'replaced by a chain', canvas: t('swap', 1, 'chain'), is: 3 },
  { name: 'replaced by a group', canvas: t('swap', 1, 'group'), is: [2, 12] },
  { name: 'replaced by a chord', canvas: t('swap', 1, 'chord'), is: 14 },
  { name: 'replaced by one that is replaced', canvas: t('swap', 1, 'again'), is: 4 },
  { name: 'replaced step: by a task', canvas: chain(add(1, 1), t('swap', 'task'), inc), is: 4 },
  { name: 'replaced step: by a chain', canvas: chain(add(1, 1), t('swap', 'chain'), inc), is: 5 },
  { name: 'replaced step: by a group', canvas: chain(add(1, 1), t('swap', 'group'), total), is: 16 },
  { name: 'replaced step: by a chord', canvas: chain(add(1, 1), t('swap', 'chord'), inc), is: 17 },
  { name: 'replaced part: by a task', canvas: chord([t('swap', 1, 'task'), add(1, 1)], total), is: 4 },
  { name: 'replaced part: by a chain', canvas: chord([t('swap', 1, 'chain'), add(1, 1)], total), is: 5 },
  { name: 'replaced part: by a chord', canvas: chord([t('swap', 1, 'chord'), add(1, 1)], total), is: 16 },
  { name: 'replaced part: by a group', canvas: chord([t('swap', 1, 'group'), add(1, 1)], total), is: 16 },
  { name: 'replaced body: by a chain', canvas: chord([add(1, 1)], chain(total, t('swap', 'chain'))), is: 4 },
];
