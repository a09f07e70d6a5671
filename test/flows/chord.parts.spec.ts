import { describe, expect, it } from 'vitest';
import { chord } from '../../lib/canvas/chord.js';
import { signature } from '../../lib/canvas/from-dict.js';
import { aMeta } from '../conformance/result-backend.conformance.js';
import { ChordWorld, step, type AnyStep } from './chord-world.js';

const body = step('body', [], { taskId: 'the-body' }).linkError(step('heard'));
/** Followed by what is no canvas: refused before it runs. */
const malformed = signature({
  task: 'add',
  args: [1, 1],
  kwargs: {},
  options: {
    task_id: 'part',
    link: [{ task: 'x', args: [], kwargs: {}, options: {}, subtask_type: 'heap' }],
  },
  subtask_type: null,
  immutable: false,
}) as unknown as AnyStep;

describe('a chord ends, and tells it once, when a part', () => {
  it.each<[what: string, part: AnyStep, error: string]>([
    ['fails', step('boom', [], { taskId: 'part' }), "TypeError('boom')"],
    ['is unknown to its worker', step('nobody', [], { taskId: 'part' }), "NotRegistered('nobody')"],
    [
      'has expired',
      step('add', [1, 1], { taskId: 'part', expires: new Date(0) }),
      "TaskRevokedError('expired')",
    ],
    ['is revoked', step('add', [1, 1], { taskId: 'revoked' }), "TaskRevokedError('revoked')"],
    ['cannot be run', malformed, 'Reject('],
    ['is rejected', step('rejecting', [], { taskId: 'part' }), "Reject('no', False)"],
    ['is ignored', step('ignoring', [], { taskId: 'part' }), 'Ignore()'],
    ['uses up its retries', step('retrying', [], { taskId: 'part' }), 'MaxRetriesExceededError('],
    ['cannot be called', step('add', [1, 2, 3], { taskId: 'part' }), 'TypeError('],
  ])('%s', async (_what, part, error) => {
    await using world = await ChordWorld.open();
    await world.app.revoke('revoked');
    await world.send(chord([step('add', [1, 2]), part], body));
    await world.elapse(5);
    const meta = await world.metaOf('the-body');
    expect(meta).toMatchObject({ status: 'FAILURE', result: { exc_type: 'ChordError' } });
    expect(JSON.stringify(meta?.result)).toContain(error);
    expect(world.heard.map(({ args }) => args)).toEqual([['the-body']]);
    expect(world.bodies).toEqual([]);
    await world.elapse(60);
    expect(world.heard).toHaveLength(1);
  });
});

describe('a part that has succeeded in another run before', () => {
  it.each<[what: string, part: AnyStep]>([
    ['succeeds with another result', step('add', [10, 10], { taskId: 'part' })],
    ['fails', step('boom', [], { taskId: 'part' })],
  ])('and now %s counts as it stands stored', async (_what, part) => {
    await using world = await ChordWorld.open();
    const standing = aMeta({ taskId: 'part', status: 'SUCCESS', result: 7 });
    await world.app.backend?.store(standing, { replyTo: undefined, correlationId: 'part' });
    await world.send(chord([step('add', [1, 2]), part], body));
    await world.elapse(5);
    expect(world.bodies.map(({ args }) => args)).toEqual([[[3, 7]]]);
    expect(await world.metaOf('part')).toMatchObject({ status: 'SUCCESS', result: 7 });
  });
});
