import { describe, expect, it } from 'vitest';
import { WorkWindow } from '../../lib/runtime/work-window.js';

function gates() {
  const open: (() => void)[] = [];
  const fail: ((error: Error) => void)[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      open.push(resolve);
      fail.push(reject);
    });
  return { open, fail, work };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a window of work', () => {
  it('takes as much as it is wide, and more as something ends', async () => {
    const { open, work } = gates();
    const window = new WorkWindow(2);
    await window.add(work);
    const second = window.add(work);
    let room = false;
    void second.then(() => (room = true));
    await turn();
    expect(room).toBe(false);
    open[0]?.();
    await second;
    expect(open).toHaveLength(2);
    open[1]?.();
    await window.settled();
  });

  it('is settled when nothing is under way', async () => {
    const { open, work } = gates();
    const window = new WorkWindow(10);
    for (let count = 0; count < 3; count += 1) await window.add(work);
    let settled = false;
    const settling = window.settled().then(() => (settled = true));
    for (const each of open) {
      await turn();
      expect(settled).toBe(false);
      each();
    }
    await settling;
    expect(settled).toBe(true);
  });

  it('stops at the first failure, which settling tells once all has ended', async () => {
    const { open, fail, work } = gates();
    const window = new WorkWindow(10);
    await window.add(work);
    await window.add(work);
    fail[0]?.(new Error('the first'));
    await turn();
    await expect(window.add(work)).rejects.toThrow('the first');
    expect(open).toHaveLength(2);
    const settling = expect(window.settled()).rejects.toThrow('the first');
    fail[1]?.(new Error('the second'));
    await settling;
  });
});
