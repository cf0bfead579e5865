import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { explainReport } from '../../../../src/cli/reports/explain-report.ts';
import { styleOf } from '../../../../src/cli/terminal/style.ts';
import type { FetchEstimate } from '../../../../src/lake/segment-files.ts';
import type { QuerySummary } from '../../../../src/query/query-request.ts';

const plain = styleOf(new PassThrough(), { wanted: true, env: {} });
const PRICE = { perGigabyte: 0.09, perThousandRequests: 0.4, currency: 'USD' };

function summaryOf(...fetches: readonly (FetchEstimate | null)[]): QuerySummary {
  return {
    version: { epoch: 1, moves: 2, newestMove: null },
    segmentsRead: 0,
    segmentsLive: 0,
    segmentsSkipped: [],
    coldRows: 0,
    hotRows: 0,
    fetched: null,
    liveRows: null,
    rows: 0,
    nextCursor: null,
    repeatable: null,
    elapsedMs: 1,
    notes: [],
    waiting: [],
    plan: fetches.map((fetch, index) => ({
      dataset: `bars${String(index)}`,
      cold: {
        live: 9,
        prunedByTime: 0,
        timeColumn: 'time',
        prunedByColumns: 0,
        columns: [],
        read: 9,
        rows: 900,
        bytes: 1e9,
        fetch,
      },
      hot: null,
      differences: [],
    })),
  };
}

it('says what a bucket will be asked for, and what that costs at the configured price', () => {
  const asked = summaryOf(
    { requests: 18, bytes: 2e9, isExact: false },
    { requests: 2, bytes: 1e9, isExact: true },
  );
  const { text, json } = explainReport(asked, PRICE);
  const lines = text(plain).split('\n');
  expect(lines).toContain('        of the bucket about 1.9 GB in about 18 requests');
  expect(lines).toContain('        of the bucket 954 MB in 2 requests');
  // 3 GB at 0.09, and 20 requests at 0.0004.
  expect(lines).toContain('at the configured price about 0.278 USD');
  expect(json).toMatchObject({ cost: { amount: 0.278, currency: 'USD', isExact: false } });
});

it('says nothing of costs without a price, and of a bucket nothing where there is none', () => {
  const fetch = { requests: 2, bytes: 1e9, isExact: true };
  expect(explainReport(summaryOf(fetch), null).text(plain)).not.toContain('price');
  const onDisk = explainReport(summaryOf(null), null).text(plain);
  expect(onDisk).not.toContain('bucket');
});
