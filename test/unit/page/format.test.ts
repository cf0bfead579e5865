import { describe, expect, it } from 'vitest';
import {
  countOf,
  formatBytes,
  formatCount,
  formatSeconds,
  formatTime,
  shareOf,
} from '../../../src/page/format.ts';

describe('figures', () => {
  it('of rows have separators, and one row is one', () => {
    expect(formatCount(3_012_345)).toBe('3,012,345');
    expect(formatCount(null)).toBe('–');
    expect(countOf(1, 'rows')).toBe('1 row');
    expect(countOf(0, 'rows')).toBe('0 rows');
  });

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.00 KB'],
    [1_048_300, '1.00 MB'],
    [15.25 * 1024 ** 2, '15.3 MB'],
    [256 * 1024 ** 2, '256 MB'],
    [1.25 * 1024 ** 3, '1.25 GB'],
    [null, '–'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [0.0421, '43 ms'],
    [2.34, '2.3 s'],
    [59.6, '1 min'],
    [61, '1 min 1 s'],
    [11_520, '3 h 12 min'],
    [86_400 * 3 + 59, '3 d'],
    [null, '–'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it('of a time say the day only when it is another', () => {
    const now = Date.parse('2026-11-24T15:00:00Z');
    expect(formatTime('2026-11-24T14:03:22.123Z', now)).toBe('14:03:22');
    expect(formatTime('2026-11-23T14:03:22.123Z', now)).toBe('11-23 14:03');
    expect(formatTime('2025-11-24T14:03:22.123Z', now)).toBe('2025-11-24 14:03');
  });

  it('of a share stay within the whole', () => {
    expect([shareOf(1, 4), shareOf(5, 4), shareOf(1, 0)]).toEqual([0.25, 1, 0]);
  });
});
