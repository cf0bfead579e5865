import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { surveyCareLines } from '../../../../src/cli/daemon/survey-care.ts';
import { styleOf } from '../../../../src/cli/terminal/style.ts';

const NOW = Date.parse('2026-03-31T00:00:00Z');
const plain = styleOf(new PassThrough(), { wanted: true, env: {} });
const cold = { segments: 40, rows: 0, bytes: 0, bad_segments: 0, oldest: null, newest: null };

it('tells what the daemon saw in the words of a look of one’s own', () => {
  const care = {
    compaction: { segments: 31, segments_after: 1, bytes: 40_000 },
    expiring: { within_days: 30, rows: 12, rows_are_at_most: true, slices: 2 },
    holds: [
      {
        id: '7',
        from: '2026-01-01T00:00:00.000Z',
        to: '2026-02-01T00:00:00.000Z',
        until: null,
        reason: 'case 12',
      },
    ],
    scrubs: { oldest: '2026-01-01T00:00:00.000Z', newest: null, never: 3 },
    audit_head: null,
  };
  const lines = surveyCareLines({ dataset: 'bars', care, cold }, NOW, plain).join('\n');
  expect(lines).toContain(
    'held bars: 2026-01 stays in the lake until it is lifted, hold 7 (case 12)',
  );
  expect(lines).toContain(
    'expiring bars: at most 12 rows of the lake are due to expire within 30 days',
  );
  expect(lines).toContain('small bars: 31 small segments of ');
  expect(lines).toContain('unread bars: some segments were last read');
});

it('says nothing of what nobody looked at', () => {
  expect(surveyCareLines({ dataset: 'bars', care: null, cold }, NOW, plain)).toEqual([]);
});
