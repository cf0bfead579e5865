import { describe, expect, it } from 'vitest';
import type { FlowDocument } from '../../../src/page/documents.ts';
import { bytesChart, lagChart, largest, rowsChart, sum } from '../../../src/page/flow-series.ts';

const FLOW: FlowDocument = {
  from: '2026-11-24T10:30:00.000Z',
  to: '2026-11-24T13:30:00.000Z',
  missing: [],
  stale: [],
  bucket_seconds: 3_600,
  moved: [{ at: '2026-11-24T12:00:00.000Z', rows: 7, bytes: 70 }],
  drained: [
    { at: '2026-11-24T11:00:00.000Z', rows: 1 },
    { at: '2026-11-24T11:30:00.000Z', rows: 2 },
  ],
  lag: [
    { at: '2026-11-24T12:00:30.000Z', source: 'b', seconds: 2, backlog: 1 },
    { at: '2026-11-24T12:00:00.000Z', source: 'a', seconds: null, backlog: 1 },
    { at: '2026-11-24T12:00:00.000Z', source: 'b', seconds: 5, backlog: 1 },
  ],
};
const hour = (of: number): number => Date.parse(`2026-11-24T${String(of)}:00:00.000Z`) / 1000;

describe('the flow as series', () => {
  it('has a value for each bucket, also where nothing moved', () => {
    const { times, series } = rowsChart(FLOW);
    expect(rowsChart(FLOW)).toMatchObject({ from: hour(10) + 1_800, bucketSeconds: 3_600 });
    expect(times).toEqual([hour(10), hour(11), hour(12), hour(13)]);
    expect(series.map(({ values }) => values)).toEqual([
      [0, 3, 0, 0],
      [0, 0, 7, 0],
    ]);
    expect(bytesChart(FLOW).series[0]?.values).toEqual([0, 0, 70, 0]);
  });

  it('has a line for each source, with holes where it was not measured', () => {
    const { times, series } = lagChart(FLOW);
    expect(times).toEqual([hour(12), hour(12) + 30]);
    expect(series).toEqual([
      { label: 'a', values: [null, null] },
      { label: 'b', values: [5, 2] },
    ]);
  });

  it('sums up and finds the most, over holes', () => {
    expect(sum([1, null, 2])).toBe(3);
    expect(largest([null, 1, 2])).toBe(2);
    expect(largest([null])).toBeNull();
  });
});
