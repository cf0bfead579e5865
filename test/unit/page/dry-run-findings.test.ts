import { describe, expect, it } from 'vitest';
import { findingsOf } from '../../../src/page/dry-run-findings.ts';

const MOVE = { from: '2026-01-02T00:00:00.000Z', to: '2026-01-03T00:00:00.000Z', rows: 10 };

describe('what a dry run found', () => {
  it('of a rotation: refusals with their hints, and a line for each dataset that was planned', () => {
    const found = findingsOf({
      dry_run: true,
      datasets: [
        {
          dataset: 'news',
          rows: 12_345,
          estimated_hot_bytes: 2 * 1024 ** 2,
          moves: [MOVE, { ...MOVE, from: '2026-01-01T06:00:00.000Z' }],
          refusals: [{ code: 'SHARE', message: '57 % would leave', hint: 'use --force once' }],
          notes: ['late rows are refused'],
        },
        {
          dataset: 'features',
          rows: 0,
          estimated_hot_bytes: 0,
          moves: [],
          refusals: [],
          notes: [],
        },
        { dataset: 'gone', error: { code: 'TABLE_NOT_FOUND', message: 'no table', hint: null } },
      ],
      left_out: [],
    });
    expect(found?.obstacles).toEqual([
      { subject: 'news', message: '57 % would leave', hint: 'use --force once' },
      { subject: 'gone', message: 'no table', hint: null },
    ]);
    expect(found?.rows).toEqual([
      ['news', '12,345', '2.00 MB', '2', '2026-01-01 06:00', '2026-01-03'],
      ['features', '0', '0 B', '0', '–', '–'],
    ]);
    expect(found?.notes).toEqual(['news: late rows are refused']);
  });

  it('of a drain: a line for each source, and how many of its sample could be no row', () => {
    const found = findingsOf({
      sources: [
        {
          source: 'ticks',
          kind: 'stream',
          dataset: 'trades',
          keys: 2,
          entries: 1_200,
          sample: [
            { key: 'a', row: {} },
            { key: 'b', dead_letter: { code: 'X' } },
          ],
        },
      ],
    });
    expect(found?.rows).toEqual([['ticks', 'stream', 'trades', '2', '1,200']]);
    expect(found?.notes).toEqual(['ticks: 1 dead letter among the entries looked at.']);
  });

  it.each([null, 7, 'text', [], {}, { moves: 17 }])(
    'of %j is none that the page knows',
    (result) => {
      expect(findingsOf(result)).toBeNull();
    },
  );

  it('with anything in the wrong place is still shown', () => {
    expect(
      findingsOf({ datasets: [null, 3, { dataset: 4, moves: 'x', refusals: [null] }] }),
    ).toEqual(expect.objectContaining({ obstacles: [], notes: [] }));
  });
});
