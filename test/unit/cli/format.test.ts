import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInteger,
  formatRelative,
  formatRows,
  formatShare,
} from '../../../src/cli/terminal/format.ts';

describe('figures read as people write them', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KB'],
    [1_048_575, '1.0 MB'],
    [1_048_576, '1.0 MB'],
    [128.5 * 1024 ** 2, '129 MB'],
    [12.34 * 1024 ** 3, '12.3 GB'],
    [5 * 1024 ** 4, '5.0 TB'],
    [2000 * 1024 ** 5, '2000 PB'],
    [-2048, '-2.0 KB'],
  ])('%d bytes: %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0'],
    [9_999, '9,999'],
    [10_000, '10 k'],
    [12_345, '12.3 k'],
    [999_499, '999 k'],
    [999_500, '1.0 M'],
    [1_234_567, '1.2 M'],
    [3_400_000_000, '3.4 G'],
    [-12_345, '-12.3 k'],
  ])('%d rows: %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it('exact counts are exact', () => {
    expect(formatInteger(1_234_567)).toBe('1,234,567');
    expect(formatInteger(9_223_372_036_854_775_807n)).toBe('9,223,372,036,854,775,807');
    expect(formatRows(1)).toBe('1 row');
    expect(formatRows(0n)).toBe('0 rows');
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [9_999, '10 s'],
    [59_499, '59 s'],
    [59_999, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_999, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_399_999, '1 d'],
    [273_600_000, '3 d 4 h'],
    [Number.POSITIVE_INFINITY, '?'],
  ])('%d ms: %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [1_000, 'just now'],
    [40_000, '40 s ago'],
    [200_000, '3 min ago'],
    [7_200_000, '2 h ago'],
    [5 * 86_400_000, '5 d ago'],
    [-7_200_000, 'in 2 h'],
  ])('%d ms before now: %s', (before, text) => {
    expect(formatRelative(1e12 - before, 1e12)).toBe(text);
  });

  it.each([
    [0, '0 %'],
    [0.0001, '<0.1 %'],
    [0.003, '0.3 %'],
    [0.5, '50 %'],
    [0.999, '99 %'],
    [1, '100 %'],
  ])('a share of %d: %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});
