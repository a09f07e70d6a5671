import { add, chain, chord, group, inc, t, total, type Shape } from './workflow.shapes.js';

const kw = { t: 'kw' };
const soon = { countdown: 0.2 };
const inAMinute = { expires: 60 };
const side = { queue: '$SIDE' };

/** What is given when a canvas is sent, and options of calls and of whole canvases. */
export const SENDING: readonly Shape[] = [
  { name: 'arguments when sent', canvas: add(1), args: [5], is: 6 },
  { name: 'arguments when sent: chain', canvas: chain(add(1), inc), args: [5], is: 7 },
  { name: 'arguments when sent: group', canvas: group(add(1), add(2)), args: [5], is: [6, 7] },
  { name: 'arguments when sent: chord', canvas: chord([add(1), add(2)], total), args: [5], is: 13 },
  {
    name: 'arguments when sent: group, then a task',
    canvas: chain(group(inc, add(2)), total),
    args: [5],
    is: 13,
  },
  { name: 'keyword arguments when sent', canvas: kw, args: [1], kwargs: { b: 3 }, is: 4 },
  { name: 'keyword arguments when sent: chain', canvas: chain(kw, inc), args: [1], kwargs: { b: 3 }, is: 5 },
  {
    name: 'keyword arguments when sent: group',
    canvas: group(kw, kw),
    args: [1],
    kwargs: { b: 3 },
    is: [4, 4],
  },
  {
    name: 'keyword arguments in a header and in a body',
    canvas: chord(
      [
        { ...kw, a: [1], k: { b: 2 } },
        { ...kw, a: [1] },
      ],
      { t: 'count', k: { more: 7 } },
    ),
    is: 9,
  },
  { name: 'queue of a task', canvas: { ...add(1, 2), o: side }, is: 3 },
  { name: 'queue of a step', canvas: chain(add(1, 2), { ...inc, o: side }, inc), is: 5 },
  { name: 'queue of a chain', canvas: { ...chain(add(1, 2), inc), o: side }, is: 4 },
  { name: 'queue of a group', canvas: { ...group(add(1, 2), add(3, 4)), o: side }, is: [3, 7] },
  { name: 'queue of a chord', canvas: { ...chord([add(1, 2), add(3, 4)], total), o: side }, is: 10 },
  {
    name: 'queue of a part and of a body',
    canvas: chord([{ ...add(1, 2), o: side }, add(1, 1)], { ...total, o: side }),
    is: 5,
  },
  { name: 'expires later: task', canvas: { ...add(1, 2), o: inAMinute }, is: 3 },
  { name: 'expires later: chain', canvas: { ...chain(add(1, 2), inc), o: inAMinute }, is: 4 },
  { name: 'expires later: step', canvas: chain(add(1, 2), { ...inc, o: inAMinute }), is: 4 },
  { name: 'expires later: chord', canvas: { ...chord([add(1, 2), add(1, 1)], total), o: inAMinute }, is: 5 },
  { name: 'countdown of a chain', canvas: { ...chain(add(1, 1), inc), o: soon }, is: 3 },
  { name: 'countdown of a group', canvas: { ...group(add(1, 1), add(2, 2)), o: soon }, is: [2, 4] },
  { name: 'countdown of a chord', canvas: { ...chord([add(1, 1), add(2, 2)], total), o: soon }, is: 6 },
  { name: 'countdown of a body', canvas: chord([add(1, 1), add(2, 2)], { ...total, o: soon }), is: 6 },
  { name: 'priority of a chain', canvas: { ...chain(add(1, 1), inc), o: { priority: 5 } }, is: 3 },
  { name: 'headers of a chain', canvas: { ...chain(add(1, 1), inc), o: { headers: { x: 1 } } }, is: 3 },
  { name: 'compressed step', canvas: chain(add(1, 1), { ...inc, o: { compression: 'zlib' } }), is: 3 },
  { name: 'stamped chain', canvas: { ...chain(add(1, 1), inc), stamps: { tenant: 'a' } }, is: 3 },
  {
    name: 'stamped chord',
    canvas: { ...chord([add(1, 1), t('inc', 2)], total), stamps: { tenant: 'a' } },
    is: 5,
  },
];
