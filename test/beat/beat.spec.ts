import { describe, expect, it } from 'vitest';
import { BrokerUnavailableError, PublishError, UnroutableError } from '../../lib/errors.js';
import { clocked, crontab } from '../../lib/beat/schedule.js';
import { tickId } from '../../lib/beat/tick.js';
import { writeDefinition } from '../../lib/beat/definition.js';
import type { EntryOptions } from '../../lib/beat/entry.options.js';
import { beatWorld, every, START, type BeatWorld } from './world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const put = (world: BeatWorld, name: string, options: EntryOptions): Promise<void> =>
  world.store.put(name, writeDefinition(name, options, { timezone: 'UTC' }), 'client', world.clock.now());

/** A promise to be resolved by hand. */
function aGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

describe('beat', () => {
  it('sends each entry at its times, and does not drift', async () => {
    const world = beatWorld();
    const beat = world.beat({
      half: every('30s', { task: 'half' }),
      third: every('* * * * *', { task: 'third' }),
    });
    await world.clock.advance(250);
    await beat.start();
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.times('half')).toEqual(['09:00:30.250', '09:01:00.250', '09:01:30.250', '09:02:00.250']);
    expect(world.times('third')).toEqual(['09:01:00', '09:02:00']);
    expect(world.sent.map(({ id }) => id)).toContain(tickId('third', START.getTime() + MINUTE_MS));
    await beat.stop();
    expect(world.clock.timers).toBe(0);
  });

  it('runs a clocked entry once, and a timer beyond 24.8 days', async () => {
    const world = beatWorld({ beatMaxLoopInterval: '100d', beatLease: '200d' });
    const at = new Date(START.getTime() + 60 * DAY_MS);
    const beat = world.beat({ once: every(clocked(at)) });
    await beat.start();
    await world.clock.advance(60 * DAY_MS - 1);
    expect(world.sent).toHaveLength(0);
    await world.clock.advance(1);
    expect(world.times()).toEqual(['09:00:00']);
    await world.clock.advance(30 * DAY_MS);
    expect(world.sent).toHaveLength(1);
    await beat.stop();
  });

  it('reports a bad entry by name, and runs the others', async () => {
    const world = beatWorld();
    const beat = world.beat({
      bad: every('61 * * * *'),
      typo: { ...every('1m'), sechdule: 1 } as EntryOptions,
      unkept: every('1m', { args: [() => undefined] }),
      good: every('1m', { task: 'good' }),
    });
    await beat.start();
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.times()).toEqual(['09:01:00', '09:02:00']);
    expect([...beat.status.problems.keys()].toSorted()).toEqual(['bad', 'typo', 'unkept']);
    const errors = world.log.lines.filter((line) => line.startsWith('error'));
    expect(errors).toHaveLength(3);
    expect(errors.join('\n')).toContain(
      'Periodic task "bad" does not run: beatSchedule.bad.schedule: "61 * * * *"',
    );
    await beat.stop();
  });

  it('tells of a tick that cannot be sent at all, and goes on', async () => {
    const world = beatWorld();
    world.onSend = (task) => {
      if (task === 'lost') throw new UnroutableError('queue lost');
    };
    const beat = world.beat({ lost: every('1m', { task: 'lost' }), good: every('1m', { task: 'good' }) });
    await beat.start();
    await world.clock.advance(2 * MINUTE_MS + 1);
    expect(world.times()).toEqual(['09:01:00', '09:02:00']);
    expect(world.log.lines.filter((line) => line.includes('"lost" could not be sent'))).toHaveLength(2);
    await beat.stop();
  });

  it('is not held up by an entry whose sending hangs', async () => {
    const world = beatWorld();
    const gate = aGate();
    world.onSend = (task) => (task === 'slow' ? gate.promise : undefined);
    const beat = world.beat({ slow: every('1m', { task: 'slow' }), good: every('1m', { task: 'good' }) });
    await beat.start();
    await world.clock.advance(3 * MINUTE_MS);
    expect(world.times()).toEqual(['09:01:00', '09:02:00', '09:03:00']);
    gate.resolve();
    await world.clock.advance(0);
    expect(world.times('slow')).toEqual(['09:03:00', '09:03:00']);
    await beat.stop();
  });

  it('suggests the task that was meant', async () => {
    const world = beatWorld();
    const beat = world.beat(
      { e: every('1m', { task: 'reports.bulid' }) },
      { taskNames: () => ['reports.build'] },
    );
    await beat.start();
    await world.clock.advance(1);
    expect(world.log.lines.join('\n')).toContain('Did you mean "reports.build"? It is sent by its name.');
    await beat.stop();
  });
});

describe('beat after a time without it', () => {
  // Ticks each ten minutes; no beat from 09:00 to 10:05; ticks at 09:10 … 10:00 were missed.
  it.each([
    ['none', '*/10 * * * *', ['10:10:00']],
    ['last', '*/10 * * * *', ['10:05:00', '10:10:00']],
    ['all', '*/10 * * * *', [...Array<string>(6).fill('10:05:00'), '10:10:00']],
    ['none', '10m', ['10:10:00']],
    ['last', '10m', ['10:05:00', '10:10:00']],
    ['all', '10m', [...Array<string>(6).fill('10:05:00'), '10:10:00']],
    ['none', '10s', ['10:05:05', '10:05:15']],
  ] as const)('catches up %s of %s', async (catchUp, schedule, expected) => {
    const world = beatWorld();
    const declared = { e: every(schedule, { catchUp }) };
    const first = world.beat(declared);
    if (schedule === '10s') await world.clock.advance(5_000);
    await first.start();
    await first.stop();
    await world.clock.advance(START.getTime() + 65 * MINUTE_MS - world.clock.now());
    const second = world.beat(declared);
    await second.start();
    await world.clock.advance(schedule === '10s' ? 20_000 : 5 * MINUTE_MS);
    expect(world.times()).toEqual(expected);
    expect(new Set(world.sent.map(({ id }) => id)).size).toBe(expected.length);
    await second.stop();
  });

  it('gives up what is older than its deadline', async () => {
    const world = beatWorld({ beatCronStartingDeadline: '2m' });
    const declared = { e: every('*/10 * * * *') };
    const first = world.beat(declared);
    await first.start();
    await first.stop();
    await world.clock.advance(65 * MINUTE_MS);
    const second = world.beat(declared);
    await second.start();
    await world.clock.advance(4 * MINUTE_MS);
    expect(world.sent).toHaveLength(0);
    expect(world.log.lines.join('\n')).toContain(
      'ticks up to 2026-03-02T10:00:00.000Z were missed and are given up',
    );
    await second.stop();
  });
});

describe('beat without its broker', () => {
  it.each([
    ['none', ['09:41:00']],
    ['last', ['09:40:', '09:41:00']],
    ['all', [...Array<string>(10).fill('09:40:'), '09:41:00']],
  ] as const)('delays ticks and catches up %s', async (catchUp, expected) => {
    const world = beatWorld();
    let down = true;
    world.onSend = () => {
      if (down) throw new BrokerUnavailableError('amqp://x');
    };
    const beat = world.beat({ e: every('* * * * *', { catchUp }) });
    await world.clock.advance(30 * MINUTE_MS);
    await beat.start();
    await world.clock.advance(10 * MINUTE_MS + 40_000);
    expect(world.sent).toHaveLength(0);
    down = false;
    await world.clock.advance(20_000);
    const times = world.times();
    expect(times).toHaveLength(expected.length);
    for (const [index, at] of expected.entries()) expect(times[index]).toMatch(new RegExp(`^${at}`));
    expect(world.log.lines.filter((line) => line.includes('ticks wait'))).toHaveLength(1);
    expect(world.log.lines.filter((line) => line.includes('ticks are sent again'))).toHaveLength(1);
    await beat.stop();
  });

  it('sends a tick of which it cannot be sure again, under the same id', async () => {
    const world = beatWorld();
    let failures = 1;
    world.onSend = () => {
      if (failures > 0) {
        failures -= 1;
        throw new PublishError('queue q', true, 'no answer');
      }
    };
    const beat = world.beat({ e: every('* * * * *', { catchUp: 'none' }) });
    await beat.start();
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.sent.map(({ id }) => id)).toEqual(
      [1, 2].map((n) => tickId('e', START.getTime() + n * MINUTE_MS)),
    );
    await beat.stop();
  });

  it('sends a tick again that its dead leader may have sent', async () => {
    const world = beatWorld();
    const gate = aGate();
    world.onSend = () => gate.promise;
    const declared = { e: every('* * * * *', { catchUp: 'none' }) };
    const dead = world.beat(declared);
    await dead.start();
    // It has recorded that it sends, and is never heard of again.
    await world.clock.advance(MINUTE_MS);
    await world.store.endTerm({ owner: '', fence: 1 });
    world.onSend = () => undefined;
    const next = world.beat(declared);
    await next.start();
    await world.clock.advance(1_000);
    expect(world.sent.map(({ id }) => id)).toEqual([tickId('e', START.getTime() + MINUTE_MS)]);
    await next.stop();
  });
});

describe('two beats on one store', () => {
  it('take turns: every tick once, whoever leads', async () => {
    const world = beatWorld();
    const declared = { e: every('1s', { catchUp: 'all' }) };
    const beats = [world.beat(declared), world.beat(declared), world.beat(declared)];
    for (const beat of beats) await beat.start();
    for (let round = 0; round < 6; round += 1) {
      await world.clock.advance(7_300);
      const leader = beats.find(({ status }) => status.leading);
      expect(beats.filter(({ status }) => status.leading)).toHaveLength(1);
      await leader?.stop();
      await leader?.start();
    }
    await world.clock.advance(5_000);
    const expected = Array.from({ length: 48 }, (_, index) =>
      tickId('e', START.getTime() + (index + 1) * 1_000),
    );
    expect(world.sent.map(({ id }) => id)).toEqual(expected);
    for (const beat of beats) await beat.stop();
    expect(world.clock.timers).toBe(0);
  });

  it('a leader that lost its term sends nothing more', async () => {
    const world = beatWorld();
    const declared = { e: every('1s') };
    const beat = world.beat(declared);
    await beat.start();
    await world.clock.advance(2_500);
    // Another took the term while this one was frozen.
    await world.store.endTerm({ owner: '', fence: 1 });
    await world.store.takeTerm('another', 60_000);
    await world.clock.advance(10_000);
    expect(world.times()).toEqual(['09:00:01', '09:00:02']);
    expect(beat.status.leading).toBe(false);
    await beat.stop();
  });
});

describe('entries of a running beat', () => {
  it('are seen at once when they are added, changed and removed', async () => {
    const world = beatWorld();
    const beat = world.beat();
    await beat.start();
    await world.clock.advance(10_000);
    await put(world, 'e', every('1s'));
    await world.clock.advance(2_000);
    expect(world.times()).toEqual(['09:00:11', '09:00:12']);
    await put(world, 'e', every('5s'));
    await world.clock.advance(5_000);
    expect(world.times().slice(2)).toEqual(['09:00:17']);
    await world.store.remove('e');
    await world.clock.advance(10_000);
    expect(world.sent).toHaveLength(3);
    await beat.stop();
  });

  it('may be edited a thousand times while due: none is doubled or left out', async () => {
    const world = beatWorld();
    const beat = world.beat({ other: every('1s', { task: 'other' }) });
    await beat.start();
    await put(world, 'e', every('1s', { task: 'e' }));
    for (let edit = 0; edit < 1_000; edit += 1) {
      await put(world, 'e', every('1s', { task: 'e', args: [edit] }));
      if (edit % 100 === 99) await world.clock.advance(1_000);
    }
    const ids = world.sent.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.times('e')).toHaveLength(10);
    expect(world.times('other')).toHaveLength(10);
    await beat.stop();
  });

  it('are switched off and on, and paused, without making up for it', async () => {
    const world = beatWorld();
    const beat = world.beat({
      e: every('10s', { catchUp: 'all' }),
      off: every('10s', { task: 'off', enabled: false }),
    });
    await beat.start();
    await world.clock.advance(25_000);
    await world.store.enable('e', false, world.clock.now());
    await world.clock.advance(30_000);
    await world.store.enable('e', true, world.clock.now());
    await world.clock.advance(10_000);
    expect(world.times()).toEqual(['09:00:10', '09:00:20', '09:01:00']);
    await world.store.pause(true, world.clock.now());
    await world.clock.advance(30_000);
    await world.store.pause(false, world.clock.now());
    await world.clock.advance(6_000);
    expect(world.times().slice(3)).toEqual(['09:01:40']);
    await world.store.enable('off', true, world.clock.now());
    await world.clock.advance(10_000);
    expect(world.times('off')).toEqual(['09:01:50']);
    await beat.stop();
  });

  it('of the code are removed with it, those of clients stay', async () => {
    const world = beatWorld();
    const first = world.beat({ gone: every('1s', { task: 'gone' }), stays: every('1s', { task: 'stays' }) });
    await first.start();
    await world.clock.advance(10);
    await put(world, 'client', every('1s', { task: 'client' }));
    await world.store.enable('stays', false, world.clock.now());
    await first.stop();
    const second = world.beat({ stays: every('1s', { task: 'stays' }) });
    await second.start();
    await world.clock.advance(1_500);
    expect(world.sent.map(({ task }) => task)).toEqual(['client']);
    await second.stop();
  });
});

describe('overlap', () => {
  it('leaves out a run while the one before is not over', async () => {
    const world = beatWorld();
    const beat = world.beat({ e: every('1m', { overlap: 'skip' }) });
    await beat.start();
    await world.clock.advance(2 * MINUTE_MS);
    expect(world.times()).toEqual(['09:01:00']);
    const [{ id } = { id: '' }] = world.sent;
    world.results.set(id, 'STARTED');
    await world.clock.advance(MINUTE_MS);
    expect(world.sent).toHaveLength(1);
    world.results.set(id, 'FAILURE');
    await world.clock.advance(MINUTE_MS);
    expect(world.times()).toEqual(['09:01:00', '09:04:00']);
    expect(world.log.lines.filter((line) => line.includes('is left out'))).toHaveLength(2);
    await beat.stop();
  });

  it('does not wait for a run that nothing can be known of any more', async () => {
    const world = beatWorld();
    const beat = world.beat({ e: every('1m', { overlap: 'skip', expires: '150s' }) });
    await beat.start();
    await world.clock.advance(4 * MINUTE_MS);
    expect(world.times()).toEqual(['09:01:00', '09:04:00']);
    await beat.stop();
  });

  it('is refused without results', async () => {
    const world = beatWorld();
    const beat = world.beat({ e: every('1m', { overlap: 'skip' }) }, { backend: undefined });
    await beat.start();
    await world.clock.advance(1);
    expect(beat.status.problems.get('e')).toContain(
      "beatSchedule.e.overlap: 'skip' needs the results of a.b",
    );
    await beat.stop();
  });
});

describe('a clock that is set', () => {
  it('forward sends what was passed over by the catch-up rule, and is told of', async () => {
    const world = beatWorld();
    const beat = world.beat({ e: every('*/10 * * * *') });
    await beat.start();
    await world.clock.advance(MINUTE_MS);
    world.clock.set(HOUR_MS);
    await world.clock.advance(5_000);
    expect(world.times()).toEqual(['10:01:05'].map((at) => expect.stringMatching(at.slice(0, 5))));
    expect(world.log.lines.join('\n')).toContain('the clock went forward by 3600 s');
    await beat.stop();
  });

  it('back sends no calendar tick twice, and intervals go on', async () => {
    const world = beatWorld();
    const beat = world.beat({
      calendar: every('*/10 * * * *', { task: 'calendar' }),
      interval: every('1m', { task: 'interval' }),
    });
    await beat.start();
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.times('calendar')).toEqual(['09:10:00']);
    expect(world.times('interval')).toHaveLength(10);
    world.clock.set(-30 * MINUTE_MS);
    await world.clock.advance(5 * MINUTE_MS);
    expect(world.times('interval').length).toBeGreaterThanOrEqual(14);
    await world.clock.advance(26 * MINUTE_MS);
    expect(world.times('calendar')).toEqual(['09:10:00']);
    await world.clock.advance(10 * MINUTE_MS);
    expect(world.times('calendar')).toEqual(['09:10:00', '09:20:00']);
    expect(new Set(world.sent.map(({ id }) => id)).size).toBe(world.sent.length);
    expect(world.log.lines.join('\n')).toContain('the clock went back by 1800 s');
    await beat.stop();
  });
});

describe('the status of a beat', () => {
  it('says whether it leads, lives, and what is next', async () => {
    const world = beatWorld();
    const beat = world.beat({ e: every(crontab({ minute: 30 })) });
    expect(beat.status).toMatchObject({ running: false, leading: false, healthy: false });
    await beat.start();
    await world.clock.advance(1);
    expect(beat.status).toMatchObject({
      running: true,
      leading: true,
      healthy: true,
      entries: 1,
      nextMs: Date.parse('2026-03-02T09:30:00Z'),
      sent: 0,
    });
    await beat.stop();
    expect(beat.status).toMatchObject({ running: false, healthy: false });
  });
});
