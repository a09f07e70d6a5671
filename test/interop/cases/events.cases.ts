import { describe, expect, it } from 'vitest';
import { ClusterState } from '../../../lib/events/cluster.state.js';
import type { CeleryEvent } from '../../../lib/events/event.js';
import { EventReceiver } from '../../../lib/events/event.receiver.js';
import { systemClock } from '../../../lib/runtime/clock.js';
import { LamportClock } from '../../../lib/runtime/lamport.clock.js';
import { silentLog } from '../../../lib/runtime/logger.js';
import { contentOf } from '../../message/open-content.js';
import { eventually } from '../../support/eventually.js';
import { startCelery } from '../../support/python.js';
import type { ControlWorld } from '../control.world.js';

const PATIENT = { withinMs: 25_000 } as const;

/** Python's monitor hears us, ours hears Python. */
export function eventsBothWays(world: () => ControlWorld): void {
  describe('events', () => {
    it('celery events --dump shows what our worker and our client tell', async () => {
      const { app, jsNode, pythonUrls } = world();
      await using dump = await startCelery(pythonUrls, ['events', '--dump']);
      const shows = (what: string) => eventually(() => dump.output().includes(what), { what, ...PATIENT });
      await shows(`${jsNode} `);
      await app.control.fleet({ destination: jsNode, timeout: '20s' }).enableEvents();
      const result = await app.client.applyAsync('js.add', { args: [1, 2] });
      const failing = await app.client.applyAsync('js.fail', { args: ['boom'] });

      await shows(`task sent: js.add(${result.id}) args=(1, 2) kwargs={}`);
      await shows(`task received: js.add(${result.id})`);
      await shows(`task started: js.add(${result.id})`);
      await shows(`task succeeded: js.add(${result.id})`);
      await shows(`result=3`);
      await shows(`task failed: js.fail(${failing.id})`);
      await shows("RangeError('boom')");
      await shows(' heartbeat: ');
    });

    it("Python's State makes of our events what ours makes", async () => {
      const { app, jsNode, python } = world();
      await app.control.fleet({ destination: jsNode, timeout: '20s' }).enableEvents();
      await python.ask('watch', {});
      const result = await app.client.applyAsync('js.add', { args: [40, 2] });
      await result.get({ timeout: 20 });

      const task = await eventually(
        async () => {
          const seen = await python.ask<{ tasks: Record<string, Record<string, unknown>> }>('watch', {});
          const found = seen.tasks[result.id];
          return found?.['state'] === 'SUCCESS' ? found : undefined;
        },
        { what: 'the task in Python', ...PATIENT },
      );

      expect(task).toMatchObject({ name: 'js.add', args: '(40, 2)', result: '42', worker: jsNode });
      const { alive } = await python.ask<{ alive: string[] }>('watch', {});
      expect(alive).toContain(jsNode);
    });

    it('our receiver hears a Python worker, and the state follows its tasks', async () => {
      const { app, pyNode } = world();
      const state = new ClusterState(systemClock);
      const heard: CeleryEvent[] = [];
      const receiver = new EventReceiver({
        broker: app.broker,
        content: await contentOf(),
        lamport: new LamportClock(),
        log: silentLog,
      });
      receiver.on('*', state.apply);
      receiver.on('*', (event) => void heard.push(event));
      await receiver.start();
      await app.control.fleet({ destination: pyNode, timeout: '20s' }).enableEvents();
      const result = await app.client.applyAsync('py.add', { args: [1, 2] });
      const failing = await app.client.applyAsync('py.fail', { args: ['boom'] });

      const done = () =>
        state.task(result.id)?.state === 'SUCCESS' && state.task(failing.id)?.state === 'FAILURE';
      await eventually(done, { what: 'both ends', ...PATIENT });
      await eventually(() => state.worker(pyNode)?.software !== undefined, {
        what: 'a heartbeat',
        ...PATIENT,
      });

      expect(state.task(result.id)).toMatchObject({
        name: 'py.add',
        args: '(1, 2)',
        result: '3',
        worker: pyNode,
      });
      expect(state.task(failing.id)).toMatchObject({
        exception: "ValueError('boom', 7)",
        traceback: expect.stringContaining('Traceback') as string,
      });
      expect(state.worker(pyNode)).toMatchObject({ software: 'py-celery 5.2.6', heartbeatMs: 2_000 });
      expect(state.aliveWorkers().map(({ hostname }) => hostname)).toContain(pyNode);
      expect(receiver.unread).toBe(0);
      await receiver.stop();
    });
  });
}
