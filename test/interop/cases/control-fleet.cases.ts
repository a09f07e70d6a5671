import { describe, expect, it } from 'vitest';
import { CeleryApp, readCeleryOptions, TaskRevokedError } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import { startPythonWorker } from '../../support/python.js';
import type { ControlWorld } from '../control.world.js';

const PATIENT = { withinMs: 25_000 } as const;

/** Two workers of ours and two of Python's, that join one after the other. */
export function mixedFleet(world: () => ControlWorld): void {
  describe('a mixed fleet', () => {
    it('shares what is revoked with workers that join, whichever kind they are', async () => {
      const { app, cli, jsNode, pyNode, js, py, pythonUrls } = world();
      const run = jsNode.slice(3);
      const queues = [js, `${js}-2`, py, `${py}-2`];
      const revokedBy = (who: string): string[] => queues.map((queue) => `by-${who}-${queue}`);
      const [byUs, byPython] = [revokedBy('us'), revokedBy('python')];
      await app.control.fleet().revoke(byUs);
      expect(await cli('control', 'revoke', ...byPython)).toMatchObject({ code: 0 });
      const knows = (hostname: string) =>
        eventually(
          async () => {
            const inspect = app.control.inspect({ destination: hostname, timeout: '10s' });
            const revoked = (await inspect.revoked())[0]?.value ?? [];
            return [...byUs, ...byPython].every((id) => revoked.includes(id));
          },
          { what: `${hostname} to know of the revoke`, ...PATIENT },
        );
      await knows(jsNode);
      await knows(pyNode);

      const { lines, second } = await secondOfOurs(world());
      await using _ours = second;
      await using python = await startPythonWorker(pythonUrls, [`${py}-2`], `py2@${run}`, 1, true);

      await knows(`js2@${run}`);
      await knows(`py2@${run}`);
      expect(python.output()).toMatch(/mingle: sync with \d+ nodes/);
      expect(python.output()).toContain('mingle: sync complete');
      expect(lines.some((line) => /js2@.* has met \d+ other workers?/.test(line))).toBe(true);
      const everyone = { limit: 4, timeout: '10s' } as const;
      const alive = await app.control.inspect({ ...everyone, pattern: `*@${run}` }).ping();
      expect(alive.map(({ hostname }) => hostname).toSorted()).toEqual(
        [jsNode, pyNode, `js2@${run}`, `py2@${run}`].toSorted(),
      );
      const { output } = await cli('status', '-t', '3');
      for (const each of [jsNode, pyNode, `js2@${run}`, `py2@${run}`])
        expect(output).toContain(`${each}: OK`);
      // Each of the four refuses what either side revoked, before it came or while it was there.
      for (const taskId of [...byUs, ...byPython]) {
        const queue = taskId.replace(/^by-(us|python)-/, '');
        const task = queue.startsWith('js') ? 'js.add' : 'py.add';
        const result = await app.client.applyAsync(task, { args: [1, 2], taskId, queue });
        await expect(result.get({ timeout: '25s' })).rejects.toThrow(TaskRevokedError);
      }
      await cli('control', '-d', `js2@${run}`, 'shutdown');
      await eventually(() => lines.some((line) => line.includes(`js2@${run} stopped`)), {
        what: 'the end of our second worker',
        ...PATIENT,
      });
    });

    it('leaves a queue while it is paused', async () => {
      const { app, js, py, jsNode, pyNode } = world();
      const both = { pattern: `*@${jsNode.slice(3)}`, limit: 2, timeout: '10s' } as const;
      const consumed = async (hostname: string) => {
        const [reply] = await app.control.inspect({ destination: hostname, timeout: '10s' }).activeQueues();
        return reply?.value?.map(({ name }) => name);
      };

      await app.control.pauseQueue(js, both);
      await app.control.pauseQueue(py, both);
      await eventually(async () => (await consumed(pyNode))?.length === 0, {
        what: 'Python to leave it',
        ...PATIENT,
      });
      expect(await consumed(jsNode)).toEqual([]);
      expect(await app.control.isQueuePaused(py)).toBe(true);
      await app.control.resumeQueue(js, both);
      await app.control.resumeQueue(py, both);

      await eventually(async () => (await consumed(pyNode))?.includes(py), {
        what: 'Python to come back',
        ...PATIENT,
      });
      expect(await consumed(jsNode)).toEqual([js]);
      const result = await app.client.applyAsync('py.add', { args: [1, 2] });
      expect(await result.get({ timeout: 20 })).toBe(3);
    });
  });
}

async function secondOfOurs({ app, js, jsNode }: ControlWorld) {
  const lines: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  const { broker, backend } = app.config;
  const config = readCeleryOptions({ broker: [...broker], ...(backend === undefined ? {} : { backend }) });
  const second = await CeleryApp.open(config, { log: { debug: keep, log: keep, warn: keep, error: keep } });
  second.defineTask('js.add', {}, (a: number, b: number) => a + b);
  await second.startWorker({ queues: [`${js}-2`], hostname: `js2@${jsNode.slice(3)}` });
  return { lines, second: { [Symbol.asyncDispose]: () => second.close(1_000) } };
}
