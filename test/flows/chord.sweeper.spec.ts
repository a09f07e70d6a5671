import { describe, expect, it } from 'vitest';
import { PublishError } from '../../lib/errors.js';
import { chain } from '../../lib/canvas/chain.js';
import { chord } from '../../lib/canvas/chord.js';
import { group } from '../../lib/canvas/group.js';
import { sleep } from '../../lib/runtime/clock.js';
import { armFailpoints } from '../../lib/runtime/failpoint.js';
import { ChordWorld, step } from './chord-world.js';

const body = step('body', [], { taskId: 'the-body' }).linkError(step('heard'));
const header = [step('add', [1, 2]), step('add', [3, 4])];
/** Longer than the lease of a finisher and the pause between two sweeps. */
const TAKEN_OVER_SECONDS = 40;

describe('a chord that nobody would finish', () => {
  it('whose last worker died between counting and sending is sent once its claim has run out', async () => {
    await using world = await ChordWorld.open();
    world.breakAt('chordCounted', false, true);
    await world.send(chord(header, body));
    await world.elapse(10);
    expect(world.bodies).toEqual([]);
    await world.elapse(TAKEN_OVER_SECONDS);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[3, 7]] }]);
    await world.elapse(TAKEN_OVER_SECONDS);
    expect(world.bodies).toHaveLength(1);
  });

  it('is left to its own workers by those of another application that keeps its results in the same place', async () => {
    const backend = 'memory://shared-results';
    await using world = await ChordWorld.open({ backend, broker: 'memory://ours' });
    await using other = await ChordWorld.open({ backend, broker: 'memory://theirs' });
    world.breakAt('chordCounted', false, true);
    await world.send(chord(header, body));
    await world.elapse(2);
    await other.elapse(TAKEN_OVER_SECONDS);
    expect(other.published).toEqual([]);
    await world.elapse(TAKEN_OVER_SECONDS);
    expect([world.bodies, other.bodies]).toEqual([[{ id: 'the-body', args: [[3, 7]] }], []]);
  });

  it('whose finisher waits for long, as for a broker that is away, is left to it', async () => {
    await using world = await ChordWorld.open();
    let sending = 0;
    armFailpoints((passed) =>
      passed === 'chordJoined' && (sending += 1) === 1 ? sleep(world.clock, 60_000) : undefined,
    );
    await world.send(chord(header, body));
    await world.elapse(55);
    expect([sending, world.bodies]).toEqual([1, []]);
    await world.elapse(10);
    expect(world.bodies).toHaveLength(1);
  });

  it('whose last worker died between sending and closing is not sent again', async () => {
    await using world = await ChordWorld.open();
    world.breakAt('chordEnded', true);
    await world.send(chord(header, body));
    await world.elapse(2 * TAKEN_OVER_SECONDS);
    expect(world.bodies).toHaveLength(1);
  });

  it('whose last part comes again after its worker died waits for the claim, and is sent once', async () => {
    await using world = await ChordWorld.open();
    world.breakAt('chordCounted', false, true);
    await world.send(chord([step('late', [1]), step('late', [2])], body));
    await world.elapse(2 * TAKEN_OVER_SECONDS);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[1, 2]] }]);
  });

  it('whose body could not be sent is sent by the next sweep', async () => {
    await using world = await ChordWorld.open();
    const send = world.app.producer.sendDict.bind(world.app.producer);
    let refusals = 1;
    world.app.producer.sendDict = async (...call) => {
      if (call[0].task === 'body' && refusals-- > 0) throw new PublishError('celery', false, 'down');
      return send(...call);
    };
    await world.send(chord(header, body));
    await world.elapse(10);
    expect(world.bodies).toEqual([{ id: 'the-body', args: [[3, 7]] }]);
    expect(world.lines.filter((line) => line.includes('could not be counted in its chord'))).toHaveLength(1);
  });

  it('of which a part is lost fails when its time is over, and tells it once', async () => {
    await using world = await ChordWorld.open({ resultChordLostAfter: 60, loses: (task) => task === 'boom' });
    await world.send(chord([step('add', [1, 2]), step('boom')], body));
    await world.elapse(50);
    expect(await world.metaOf('the-body')).toBeUndefined();
    await world.elapse(20);
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: {
        exc_type: 'ChordError',
        exc_message: ['1 of 2 tasks never ended: their messages or workers were lost'],
      },
    });
    expect(world.heard.map(({ args }) => args)).toEqual([['the-body']]);
    expect(world.lines.some((line) => line.includes('1 of its tasks never ended.'))).toBe(true);
    await world.elapse(TAKEN_OVER_SECONDS);
    expect(world.heard).toHaveLength(1);
  });

  it('of which a part is lost brings those around it down with it', async () => {
    await using world = await ChordWorld.open({ resultChordLostAfter: 60, loses: (task) => task === 'boom' });
    const inner = chord([step('boom'), step('add', [1, 1])], step('body', [], { taskId: 'inner' }));
    await world.send(chord([inner, step('add', [1, 2])] as never, body));
    await world.elapse(80);
    expect(await world.metaOf('inner')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
    expect(await world.metaOf('the-body')).toMatchObject({
      status: 'FAILURE',
      result: { exc_type: 'ChordError' },
    });
    expect(world.heard).toHaveLength(1);
  });

  it('whose error callback cannot be sent ends nevertheless', async () => {
    await using world = await ChordWorld.open();
    const send = world.app.producer.sendDict.bind(world.app.producer);
    world.app.producer.sendDict = async (...call) => {
      if (call[0].task === 'heard') throw new PublishError('celery', false, 'down');
      return send(...call);
    };
    await world.send(chord([step('boom'), step('add', [1, 2])], body));
    await world.elapse(TAKEN_OVER_SECONDS);
    expect(await world.metaOf('the-body')).toMatchObject({ status: 'FAILURE' });
    expect(await world.backend.chords?.abandoned(10, [])).toEqual([]);
  });
});

describe('what is kept of a chord', () => {
  const nested = [chain(step('add', [1, 2]), group(step('add', [1]), step('add', [2]))), step('add', [5, 5])];

  it('is gone when it has ended, the shape of its header with it', async () => {
    await using world = await ChordWorld.open();
    await world.send(chord(group(nested as never).set({ taskId: 'g' }) as never, body));
    await world.elapse(2);
    expect(world.bodies.map(({ args }) => args)).toEqual([[[[4, 5], 10]]]);
    expect(await world.backend.restoreGroup('g')).toBeUndefined();
  });

  it('is gone when it has failed', async () => {
    await using world = await ChordWorld.open();
    const failing = [chain(step('boom'), group(step('add', [1]), step('add', [2]))), step('add', [5, 5])];
    await world.send(chord(group(failing as never).set({ taskId: 'g' }) as never, body));
    await world.elapse(2);
    expect(await world.metaOf('the-body')).toMatchObject({ status: 'FAILURE' });
    expect(await world.backend.restoreGroup('g')).toBeUndefined();
  });
});
