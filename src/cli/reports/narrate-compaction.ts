/** What a compaction's events say while it runs. */
import { countOf } from '../../domain/count.ts';
import type { CompactionEvent } from '../../jobs/compaction/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';
import { narrateSwaps, type SwapNarrator, type SwapTold } from './narrate-swaps.ts';

export function narrateCompaction(context: CliContext): SwapNarrator<CompactionEvent> {
  return narrateSwaps(context, 'compact', read);
}

function read(event: CompactionEvent): SwapTold {
  switch (event.kind) {
    case 'planned':
      return { kind: 'planned', rows: event.plan.merges.reduce((sum, { rows }) => sum + rows, 0) };
    case 'failed':
      return event;
    case 'merged': {
      const { planned, segments, bytes, rowHash } = event.result;
      const { kind, range, rows, segments: segmentsBefore } = planned;
      const became = kind === 'merge' ? `merged into ${String(segments)}` : 'written anew';
      return {
        kind: 'swapped',
        range,
        passed: rows,
        figures: { rows, segmentsBefore, segments, bytes, fingerprint: rowHash },
        what: `${countOf(segmentsBefore, 'segment')} ${became}, ${formatRows(rows)}`,
      };
    }
  }
}
