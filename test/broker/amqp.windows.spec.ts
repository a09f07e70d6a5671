import { describe, expect, it } from 'vitest';
import { fit } from '../../lib/broker/amqp/amqp.windows.js';

const standing = (...prefetches: readonly number[]) =>
  prefetches.map((prefetch, index) => ({ tag: `${index + 1}`, prefetch }));

describe('consumers of one queue that are to hold another number together', () => {
  it.each([
    ['nothing stands', [], 8, 'stay , go , more 8'],
    ['as many as now', [2, 4], 6, 'stay 1 2, go , more undefined'],
    ['more: one beside them', [2, 4], 10, 'stay 1 2, go , more 4'],
    ['less: without the youngest', [2, 4, 6], 6, 'stay 1 2, go 3, more undefined'],
    ['less: without the youngest, and one more for the rest', [2, 4, 6], 8, 'stay 1 2, go 3, more 2'],
    ['less than the oldest', [8], 3, 'stay , go 1, more 3'],
    ['no limit any more', [2, 4], 0, 'stay , go 1 2, more 0'],
    ['a limit where there was none', [0], 4, 'stay , go 1, more 4'],
  ])('%s', (_title, before, prefetch, expected) => {
    const { stay, go, more } = fit(standing(...before), prefetch, true);
    const tags = (some: typeof stay) => some.map(({ tag }) => tag).join(' ');
    expect(`stay ${tags(stay)}, go ${tags(go)}, more ${more}`).toBe(expected);
  });

  it('one takes the place of the other where only one is served', () => {
    expect(fit(standing(2), 6, false)).toEqual({ stay: [], go: standing(2), more: 6 });
    expect(fit(standing(6), 6, false)).toEqual({ stay: standing(6), go: [], more: undefined });
  });
});
