import { describe, expect, it } from 'vitest';
import { failedRow, together } from './report.js';

const row = { ...failedRow('GS-5', 'Redis', 'down', new Error('too late')), size: 10, faults: 2 };

describe('parts of a run', () => {
  it('are one row: what was counted is added up, times are of the slowest', () => {
    const slow = { ...row, lost: 1, duplicated: 3, slowestMs: 40, seconds: 9, broken: [] };
    const quick = { ...row, size: 5, lost: 2, slowestMs: 7, seconds: 2 };
    expect(together([slow, quick])).toMatchObject({
      test: 'GS-5',
      place: 'Redis',
      variant: 'down',
      size: 15,
      faults: 4,
      lost: 3,
      duplicated: 3,
      slowestMs: 40,
      seconds: 9,
    });
  });

  it('have broken what any of them broke', () => {
    expect(together([{ ...row, broken: [] }, row]).broken).toEqual(['too late']);
  });
});
