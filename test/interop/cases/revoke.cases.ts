import { describe, expect, it } from 'vitest';
import { TaskRevokedError } from '../../../lib/index.js';
import { eventually } from '../../support/eventually.js';
import type { InteropWorld } from '../world.js';

/** As many as our worker runs at once. */
const OUR_SLOTS = 10;

/** A task that waits behind others is revoked by the other side. */
export function revoking(world: () => InteropWorld): void {
  describe('revoke', () => {
    const heard = (log: () => string, id: string) =>
      eventually(() => log().includes(`Tasks flagged as revoked: ${id}`), {
        what: `the revocation of ${id}`,
      });

    it('by our AsyncResult stops a task that a Python worker holds', async () => {
      const { client, pythonWorker, lists, aList } = world();
      const gate = aList();
      const into = aList();
      const before = await client.applyAsync('py.progress', { args: [gate] });
      const result = await client.applyAsync('py.mark', { args: [1], kwargs: { into } });
      await result.revoke();
      await heard(pythonWorker.output, result.id);
      await lists.open(gate);

      await expect(result.get({ timeout: 20 })).rejects.toBeInstanceOf(TaskRevokedError);
      expect(await before.get({ timeout: 20 })).toBe('done');
      expect(await lists.left(into)).toBe(0);
    });

    it('by our AsyncResult stops a task that our worker holds', async () => {
      const { client, log, lists, aList } = world();
      const gate = aList();
      const slots = Array.from({ length: OUR_SLOTS }, () =>
        client.applyAsync('js.progress', { args: [gate] }),
      );
      const before = await Promise.all(slots);
      const into = aList();
      const result = await client.applyAsync('js.mark', { args: [1, into] });
      await result.revoke();
      await heard(log, result.id);
      for (const _ of before) await lists.open(gate);

      await expect(result.get({ timeout: 20 })).rejects.toBeInstanceOf(TaskRevokedError);
      await Promise.all(before.map((each) => each.get({ timeout: 20 })));
      expect(await lists.left(into)).toBe(0);
    });

    it("by Python's app.control stops a task that our worker holds", async () => {
      const { python, log, lists, aList } = world();
      const gate = aList();
      const before: string[] = [];
      while (before.length < OUR_SLOTS) before.push((await python.send('js.progress', [gate])).id);
      const into = aList();
      const { id } = await python.send('js.mark', [1, into]);
      await python.ask('revoke', { id });
      await heard(log, id);
      for (const _ of before) await lists.open(gate);

      expect(await python.get(id)).toMatchObject({ state: 'REVOKED', error: 'TaskRevokedError' });
      for (const each of before) expect(await python.get(each)).toMatchObject({ value: 'done' });
      expect(await lists.left(into)).toBe(0);
    });

    it("by Python's app.control stops a task that we sent and Python holds", async () => {
      const { client, python, pythonWorker, lists, aList } = world();
      const gate = aList();
      const into = aList();
      const before = await client.applyAsync('py.progress', { args: [gate] });
      const result = await client.applyAsync('py.mark', { args: [1], kwargs: { into } });
      await python.ask('revoke', { id: result.id });
      await heard(pythonWorker.output, result.id);
      await lists.open(gate);

      await expect(result.get({ timeout: 20 })).rejects.toBeInstanceOf(TaskRevokedError);
      await before.get({ timeout: 20 });
      expect(await lists.left(into)).toBe(0);
    });
  });
}
