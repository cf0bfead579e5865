import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import { renderSources } from '../../../../src/cli/reports/source-report.ts';
import type { SourceStatus } from '../../../../src/jobs/drain/look-at-sources.ts';

const NOW = Date.parse('2026-03-31T12:00:00Z');
const PLAIN = { colour: pc.createColors(false), width: undefined, isTerminal: false };
const LOCKED = 'LOCK_TIMEOUT: bars is locked by another session';

/** The note beside a source with a problem at ten, and a batch at `lastBatchAt`. */
function noteOf(lastProblem: string, lastBatchAt: string | null): string {
  const status: SourceStatus = {
    source: 'bars',
    dataset: 'bars',
    kind: 'stream',
    enabled: true,
    waiting: { keys: 0, entries: 0 },
    error: null,
    lease: null,
    record: {
      source: 'bars',
      batches: 1,
      entries: 1,
      rows: 1,
      deadLetters: 0,
      waitingLetters: 0,
      flagged: 0,
      repeated: 0,
      sameKey: 0,
      lost: 0,
      newestTimeUs: null,
      lastBatchAt,
      lastProblem,
      lastProblemAt: '2026-03-31T10:00:00.000Z',
    },
  };
  return renderSources([status], NOW, PLAIN);
}

describe('what kept a source from running', () => {
  it('is told with its time, until a batch was good', () => {
    expect(noteOf(LOCKED, null)).toContain(`2 h ago: ${LOCKED}`);
    expect(noteOf(LOCKED, '2026-03-31T09:59:59.000Z')).toContain(`2 h ago: ${LOCKED}`);
    expect(noteOf(LOCKED, '2026-03-31T10:00:01.000Z')).not.toContain('LOCK_TIMEOUT');
  });

  it('is told after good batches as well where it is what an entry was', () => {
    const found = noteOf('12 entries came again', '2026-03-31T11:00:00.000Z');
    expect(found).toContain('2 h ago: 12 entries came again');
  });
});
