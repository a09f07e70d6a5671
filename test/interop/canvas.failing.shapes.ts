import {
  add,
  boom,
  chain,
  chord,
  failed,
  group,
  inc,
  note,
  t,
  total,
  type Shape,
} from './workflow.shapes.js';

const BOOM = 'error:ValueError: boom';
const PART = "error:ChordError: Dependency <id> raised ValueError('boom')";
const EXPIRED = 'error:TaskRevokedError: expired';
const UNKNOWN = 'error:NotRegistered: wf.nobody';
/** Celery 5.2.6 leaves some of what never runs without any outcome. */
const HANGS = 'whoever waits for it there waits for ever';
const refused = { t: 'refused', k: { text: 'refused', into: '$NOTES' } };
const immutable = { t: 'note', a: ['own', 'errback', '$NOTES'], i: true };
/** It comes to its turn when it has expired. */
const late = { ...inc, o: { countdown: 0.3, expires: 0.1 } };

/** Failures in each place, and who hears of them. */
export const FAILING: readonly Shape[] = [
  { name: 'fails', canvas: boom, is: BOOM },
  { name: 'fails when all retries are used up', canvas: t('flaky', 99), is: 'error:RuntimeError: not yet' },
  { name: 'expired', canvas: { ...add(1, 2), o: late.o }, is: EXPIRED },
  { name: 'unknown task', canvas: t('nobody', 1), is: UNKNOWN },
  {
    name: 'unknown task as first step',
    notInPython: HANGS,
    canvas: chain(t('nobody', 1), inc),
    is: UNKNOWN,
  },
  {
    name: 'unknown task as part',
    notInPython: HANGS,
    canvas: chord([t('nobody', 1), add(1, 1)], total),
    is: "error:ChordError: Dependency <id> raised NotRegistered('wf.nobody')",
  },
  { name: 'expired step', notInPython: HANGS, canvas: chain(add(1, 1), late, inc), is: EXPIRED },
  {
    name: 'expired part',
    canvas: chord([{ ...late, a: [1] }, add(1, 1)], total),
    is: "error:ChordError: Dependency <id> raised TaskRevokedError('expired')",
  },
  { name: 'group whose chain fails', canvas: group(chain(boom, inc), add(1, 1)), is: [BOOM, 2] },
  { name: 'group that fails, then a task', canvas: chain(group(add(1, 1), boom), total), is: PART },
  {
    name: 'group that fails, then two tasks',
    notInPython: HANGS,
    canvas: chain(group(add(1, 1), boom), total, inc),
    is: PART,
  },
  {
    name: 'first step fails before a group',
    notInPython: HANGS,
    canvas: chain(boom, group(inc, add(10))),
    is: [BOOM, BOOM],
  },
  {
    name: 'first step fails before a chord',
    notInPython: HANGS,
    canvas: chain(boom, group(inc, add(10)), total),
    is: BOOM,
  },
  {
    name: 'part fails in a chord in a chain',
    notInPython: HANGS,
    canvas: chain(add(1, 1), chord([inc, boom], total), inc),
    is: PART,
  },
  { name: 'two parts fail', canvas: chord([boom, boom, add(1, 1)], total), is: PART },
  {
    name: 'all parts fail',
    canvas: chord([boom, boom], { ...total, err: [failed] }),
    is: PART,
    notes: ['<id> failed'],
  },
  {
    name: 'second step of a part fails',
    canvas: chord([chain(add(1, 1), boom), add(1, 1)], total),
    is: PART,
  },
  {
    name: 'part fails before a body of two steps',
    notInPython: HANGS,
    canvas: chord([add(1, 1), boom], chain(total, inc)),
    is: PART,
  },
  { name: 'first step of a body fails', canvas: chord([add(1, 1)], chain(boom, inc)), is: BOOM },
  {
    name: 'chord in a header fails',
    notInPython: HANGS,
    canvas: chord([chord([boom], total), add(1, 1)], total),
    is: "error:ChordError: Dependency <id> raised ChordError('Dependency <id> raised ValueError(\\'boom\\')')",
  },
  {
    name: 'body of a chord in a header fails',
    canvas: chord([chord([add(1, 1)], boom), add(1, 1)], total),
    is: PART,
  },
  { name: 'map fails', canvas: { map: ['boom', [1, 2]] }, is: BOOM },
  { name: 'replaced by what fails', canvas: t('swap', 1, 'boom'), is: BOOM },
  { name: 'replaced step by what fails', canvas: chain(add(1, 1), t('swap', 'boom'), inc), is: BOOM },
  { name: 'replaced part by what fails', canvas: chord([t('swap', 1, 'boom'), add(1, 1)], total), is: PART },

  {
    name: 'two error callbacks',
    canvas: { ...boom, err: [failed, { ...failed, k: { ...failed.k, text: 'also' } }] },
    is: BOOM,
    notes: ['<id> also', '<id> failed'],
  },
  {
    name: 'an immutable error callback',
    canvas: { ...boom, err: [immutable] },
    is: BOOM,
    notes: ['own errback'],
  },
  {
    name: 'an error callback with the error',
    canvas: { ...boom, err: [refused] },
    is: BOOM,
    notes: ['<id> ValueError refused'],
  },
  {
    name: 'an error callback of either kind',
    canvas: { ...boom, err: [refused, failed] },
    is: BOOM,
    notes: ['<id> ValueError refused', '<id> failed'],
  },
  {
    name: 'an error callback of one step',
    canvas: chain(add(1, 1), { ...boom, err: [failed] }, inc),
    is: BOOM,
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a later step',
    canvas: chain(boom, { ...inc, err: [failed] }),
    is: BOOM,
    notes: [],
  },
  {
    name: 'an error callback of a group',
    canvas: { ...group(boom, add(1, 1)), err: [failed] },
    is: [BOOM, 2],
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a part',
    canvas: chord([{ ...boom, err: [failed] }, add(1, 1)], total),
    is: PART,
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a body',
    canvas: chord([add(1, 1)], { ...boom, err: [failed] }),
    is: BOOM,
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a chord, with the error',
    canvas: { ...chord([add(1, 1), boom], total), err: [refused] },
    is: PART,
    notes: ['<id> ChordError refused'],
  },
  {
    name: 'an error callback of a chord whose body is a chain',
    notInPython: HANGS,
    canvas: { ...chord([add(1, 1), boom], chain(total, inc)), err: [failed] },
    is: PART,
    notes: ['<id> failed'],
  },
  {
    name: 'an error callback of a replaced task',
    canvas: { ...t('swap', 1, 'boom'), err: [failed] },
    is: BOOM,
    notes: ['<id> failed'],
  },
  {
    name: 'a link of a group',
    canvas: { ...group(add(1, 1)), link: [immutable] },
    is: [2],
    notes: ['own errback'],
  },
  {
    name: 'a link of a part',
    canvas: chord([{ ...add(1, 1), link: [note('part')] }, add(2, 2)], total),
    is: 6,
    notes: ['2 part'],
  },
  {
    name: 'a link of a replaced task',
    canvas: { ...t('swap', 1, 'task'), link: [note('end')] },
    is: 2,
    notes: ['2 end'],
  },
  {
    name: 'a link that is a chain',
    canvas: { ...add(1, 2), link: [chain(inc, note('end'))] },
    is: 3,
    notes: ['4 end'],
  },
  {
    name: 'a link of a link',
    canvas: { ...add(1, 2), link: [{ ...inc, link: [note('end')] }] },
    is: 3,
    notes: ['4 end'],
  },
];
