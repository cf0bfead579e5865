/** What a deletion's events say while it runs. */
import type { DeletionEvent } from '../../jobs/deletion/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';
import { narrateSwaps, type SwapNarrator, type SwapTold } from './narrate-swaps.ts';

export function narrateDeletion(context: CliContext): SwapNarrator<DeletionEvent> {
  return narrateSwaps(context, 'delete', read);
}

function read(event: DeletionEvent): SwapTold {
  switch (event.kind) {
    case 'planned':
      return { kind: 'planned', rows: event.plan.slices.reduce((sum, { rows }) => sum + rows, 0) };
    case 'failed':
      return event;
    case 'deleted': {
      const { planned, segments, bytes, rowHash } = event.result;
      const { range, rows, chosen, segments: segmentsBefore } = planned;
      return {
        kind: 'swapped',
        range,
        passed: rows,
        figures: { rows: chosen, segmentsBefore, segments, bytes, fingerprint: rowHash },
        what: `${formatRows(chosen)} deleted, ${formatRows(rows - chosen)} left`,
      };
    }
  }
}
