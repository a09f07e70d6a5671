import { describe, expect, it } from 'vitest';
import { eventLine } from '../../lib/cli/event-line.js';
import { eventScreen } from '../../lib/cli/event-screen.js';
import { ago } from '../../lib/cli/durations.js';
import { Output } from '../../lib/cli/output.js';
import { ClusterState } from '../../lib/events/cluster.state.js';
import type { CeleryEvent } from '../../lib/events/event.js';
import { readEvent } from '../../lib/events/event.codec.js';
import { FakeClock } from '../support/fake-clock.js';
import { recordingTerminal } from './recording-terminal.js';

const origin = { hostname: 'w1@host', utcoffset: 0, pid: 21176, clock: 101, timestamp: 1795233824.002 };
const event = (fields: object): CeleryEvent => {
  const read = readEvent({ ...origin, ...fields });
  if (read === undefined) throw new Error('no event');
  return read;
};
const RECEIVED = event({
  type: 'task-received',
  uuid: 'an-id',
  name: 'proj.add',
  args: '[9, 9]',
  kwargs: '{}',
  root_id: 'an-id',
  parent_id: null,
  retries: 0,
  eta: null,
  expires: null,
});

describe('the line of an event', () => {
  it('is that of celery events --dump', () => {
    const state = new ClusterState(new FakeClock());
    state.apply(RECEIVED);
    expect(eventLine(RECEIVED, (id) => state.task(id))).toBe(
      'w1@host [2026-11-21 04:03:44.002+00:00] task received: proj.add(an-id) args=[9, 9] kwargs={} ' +
        'clock=101, eta=None, expires=None, parent_id=None, pid=21176, retries=0, root_id=an-id, utcoffset=0',
    );
    const started = event({ type: 'task-started', uuid: 'an-id' });
    expect(eventLine(started, (id) => state.task(id))).toBe(
      'w1@host [2026-11-21 04:03:44.002+00:00] task started: proj.add(an-id) args=[9, 9] kwargs={} clock=101, pid=21176, utcoffset=0',
    );
    expect(
      eventLine(event({ type: 'worker-heartbeat', freq: 2, active: 0, processed: 7 }), () => undefined),
    ).toMatch(/^w1@host \[.*\] heartbeat: active=0, clock=101, freq=2, pid=21176, processed=7, utcoffset=0$/);
  });

  it('shows the fields of an own event, integers of any length too', () => {
    const own = event({ type: 'task-progress', uuid: 'an-id', done: 2n ** 64n, of: { all: [2n ** 65n] } });
    expect(eventLine(own, () => undefined)).toContain(
      'done=18446744073709551616, of={"all":["36893488147419103232"]}',
    );
  });

  it('shows nothing that a terminal would obey, nor a second line', () => {
    const failed = event({ type: 'task-failed', uuid: 'x', exception: 'E("\u001B[2J")', traceback: 'a\nb' });
    const line = eventLine(failed, () => undefined);
    expect(line).toContain(String.raw`exception=E("\u{1b}[2J")`);
    expect(line).toContain(String.raw`traceback=a\nb`);
  });

  it('is for events of others too', () => {
    const own = event({ type: 'task-progress', uuid: 'an-id', percent: 40 });
    expect(eventLine(own, () => undefined)).toContain(
      'task progress: (an-id) args= kwargs= clock=101, percent=40',
    );
  });
});

describe('the live screen', () => {
  it('has workers above and the latest tasks below, as many as there is room for', () => {
    const clock = new FakeClock(new Date(1795233824_000));
    const state = new ClusterState(clock);
    state.apply(
      event({
        type: 'worker-heartbeat',
        freq: 2,
        active: 1,
        processed: 7,
        sw_ident: 'py-celery',
        sw_ver: '5.6.2',
      }),
    );
    state.apply(RECEIVED);
    for (let n = 0; n < 50; n += 1) {
      state.apply(event({ type: 'task-failed', uuid: `id-${n}`, exception: 'E()', traceback: null }));
    }
    const { terminal } = recordingTerminal({ isScreen: true, columns: 100, rows: 20 });
    const output = new Output(terminal, { json: false, quiet: false, colours: false });

    const lines = eventScreen(state, clock.now(), 20, output);

    expect(lines[0]).toBe('1 of 1 workers   51 tasks   52 events   FAILURE 50  RECEIVED 1');
    expect(lines[2]).toMatch(/^WORKER +STATE +ACTIVE +DONE +LOAD +SOFTWARE +HEARD$/);
    expect(lines[3]).toMatch(/^w1@host +online +1 +7 +– +py-celery 5\.6\.2 +0ms$/);
    expect(lines[6]).toMatch(/^FAILURE +– +id-49 /);
    expect(lines.length).toBeLessThan(20);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('says why there are no tasks', () => {
    const { terminal } = recordingTerminal({ isScreen: true });
    const output = new Output(terminal, { json: false, quiet: false, colours: false });
    expect(eventScreen(new ClusterState(new FakeClock()), 0, 24, output).at(-1)).toContain('enable_events');
  });
});

describe('lengths of time', () => {
  it.each([
    [0, '0ms'],
    [84, '84ms'],
    [12_400, '12s'],
    [124_000, '2m 4s'],
    [7_440_000, '2h 4m'],
    [262_800_000, '3d 1h'],
    [86_400_000, '1d'],
    [-5, '0ms'],
  ])('%d ms is %s', (ms, shown) => {
    expect(ago(ms)).toBe(shown);
  });
});
