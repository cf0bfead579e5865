/** Turns a deletion's events into a progress bar on a terminal and log lines elsewhere. */
import { formatRange } from '../../domain/time/time-range.ts';
import type { DeletionEvent } from '../../jobs/deletion/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';

export interface DeletionNarrator {
  readonly tell: (event: DeletionEvent) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

export function narrateDeletion(context: CliContext): DeletionNarrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let done = 0;

  const tell = (event: DeletionEvent): void => {
    const { dataset } = event;
    const label = `${dataset} delete`;
    switch (event.kind) {
      case 'planned':
        // What is read and written anew takes the time.
        total = event.plan.slices.reduce((sum, { rows }) => sum + rows, 0);
        done = 0;
        if (total > 0) progress.update({ label, done, total });
        return;
      case 'deleted': {
        const { planned, segments, bytes, rowHash } = event.result;
        const { range, rows, chosen } = planned;
        done += rows;
        progress.update({ label, done, total });
        logger.info(
          {
            audit: 'delete',
            dataset,
            from: new Date(range.fromInclusive).toISOString(),
            to: new Date(range.toExclusive).toISOString(),
            rows: chosen,
            segmentsBefore: planned.segments,
            segments,
            bytes,
            fingerprint: rowHash,
          },
          `${dataset} ${formatRange(range)}: ${formatRows(chosen)} deleted, ${formatRows(rows - chosen)} left`,
        );
        return;
      }
      case 'failed':
        logger.error(
          { dataset },
          `${dataset} ${formatRange(event.range)} stays as it was: ${event.reason}`,
        );
        return;
    }
  };
  return {
    tell,
    end: () => {
      progress.end();
    },
  };
}
