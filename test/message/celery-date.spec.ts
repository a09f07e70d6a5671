import { describe, expect, it } from 'vitest';
import { formatCeleryDate, parseCeleryDate } from '../../lib/message/celery-date.js';

describe('a date on the wire', () => {
  it.each([
    // Captured from Celery 5.6 and 5.2.6.
    ['2026-11-21T04:18:02.906428+00:00', '2026-11-21T04:18:02.906Z'],
    ['2030-01-02T03:04:05', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T03:04:05.678000+02:00', '2030-01-02T01:04:05.678Z'],
    ['2026-11-21T04:04:33.677094', '2026-11-21T04:04:33.677Z'],
    // What Celery ≥ 5.3.5 reads besides.
    ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T03:04:05.6Z', '2030-01-02T03:04:05.600Z'],
    ['2030-01-02T03:04:05.678901234Z', '2030-01-02T03:04:05.678Z'],
    ['2030-01-02T03:04:05,678Z', '2030-01-02T03:04:05.678Z'],
    ['2030-01-02T03:04:05+0200', '2030-01-02T01:04:05.000Z'],
    ['2030-01-02T03:04:05-02', '2030-01-02T05:04:05.000Z'],
    ['2030-01-02 03:04:05', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02', '2030-01-02T00:00:00.000Z'],
    ['2030-01-02T03:04', '2030-01-02T03:04:00.000Z'],
    ['2030-01', '2030-01-01T00:00:00.000Z'],
    ['2030', '2030-01-01T00:00:00.000Z'],
    ['2030-W01-1', '2029-12-31T00:00:00.000Z'],
    ['2030-060', '2030-03-01T00:00:00.000Z'],
    ['20300102T030405Z', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T24:00:00', '2030-01-03T00:00:00.000Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    const epochMs = parseCeleryDate(text);
    expect(epochMs === undefined ? undefined : new Date(epochMs).toISOString()).toBe(expected);
  });

  it.each([
    '',
    ' ',
    '0',
    'tomorrow',
    '1795234682',
    '2030-13-01',
    '2030-02-30',
    '2030-00-01',
    '0000-01-01',
    '2030-W54-1',
    '2030-367',
    '2030-01-02T25:00',
    '2030-01-02T24:00:01',
    '2030-01-02T03:60',
    '2030-01-02T03:04:60',
    '2030-01-02T03:04:05 +00:00',
    '2030-01-02T03:04:05+24:00',
    '2030-01-02T03:04:05+01:60',
    '2030-01-02T03:04:05Z ',
    '2030-01-02T03:04:05Z\n',
    '+12030-01-02T03:04:05Z',
    `2030-01-02T03:04:05.${'9'.repeat(100_000)}Z`,
  ])('%.40j is none', (text) => {
    expect(parseCeleryDate(text)).toBeUndefined();
  });

  it('is written with six digits of fraction and an offset, which every Celery reads alike', () => {
    expect(formatCeleryDate(Date.UTC(2026, 10, 21, 4, 18, 2, 7))).toBe('2026-11-21T04:18:02.007000+00:00');
    expect(formatCeleryDate(0)).toBe('1970-01-01T00:00:00.000000+00:00');
  });

  it('is not written for what Python has no dates for', () => {
    expect(() => formatCeleryDate(Date.UTC(10_000, 0))).toThrow(RangeError);
    expect(() => formatCeleryDate(-62_200_000_000_000)).toThrow(RangeError);
    expect(() => formatCeleryDate(Number.NaN)).toThrow(RangeError);
  });
});
