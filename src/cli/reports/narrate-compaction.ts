/** Turns a compaction's events into a progress bar on a terminal and log lines elsewhere. */
import { countOf } from '../../domain/count.ts';
import { formatRange } from '../../domain/time/time-range.ts';
import type { CompactionEvent } from '../../jobs/compaction/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';

export interface CompactionNarrator {
  readonly tell: (event: CompactionEvent) => void;
  /** Takes the bar away. Has to be called, also after a failure. */
  end(): void;
}

export function narrateCompaction(context: CliContext): CompactionNarrator {
  const { logger } = context;
  const progress = context.createProgress('rows');
  let total = 0;
  let done = 0;

  const tell = (event: CompactionEvent): void => {
    const { dataset } = event;
    const label = `${dataset} compact`;
    switch (event.kind) {
      case 'planned':
        total = event.plan.merges.reduce((sum, { rows }) => sum + rows, 0);
        done = 0;
        if (total > 0) progress.update({ label, done, total });
        return;
      case 'merged': {
        const { planned, segments, bytes, rowHash } = event.result;
        const { range, rows } = planned;
        done += rows;
        progress.update({ label, done, total });
        logger.info(
          {
            audit: 'compact',
            dataset,
            from: new Date(range.fromInclusive).toISOString(),
            to: new Date(range.toExclusive).toISOString(),
            rows,
            segmentsBefore: planned.segments,
            segments,
            bytes,
            fingerprint: rowHash,
          },
          `${dataset} ${formatRange(range)}: ${countOf(planned.segments, 'segment')} merged into ${String(segments)}, ${formatRows(rows)}`,
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
