import { expect, it } from 'vitest';
import { paceDelayMs } from '../../../../src/hot/copy/pace.ts';

const pace = { maxRowsPerSecond: 1000, rows: 2048, batchRows: 2048, elapsedMs: 0 };

it('waits until the rows read so far are due', () => {
  expect(paceDelayMs(pace)).toBe(2048);
  expect(paceDelayMs({ ...pace, elapsedMs: 1000 })).toBe(1048);
  expect(paceDelayMs({ ...pace, elapsedMs: 3000 })).toBe(0);
});

it('does not wait without a limit', () => {
  expect(paceDelayMs({ ...pace, maxRowsPerSecond: 0 })).toBe(0);
});

it('waits no longer than the batch is worth when the clock was set back', () => {
  expect(paceDelayMs({ ...pace, rows: 20480, elapsedMs: -3_600_000 })).toBe(2048);
});
