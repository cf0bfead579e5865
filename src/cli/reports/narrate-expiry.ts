/** Turns an expiry's events into log lines. */
import { formatRange, type TimeRange } from '../../domain/time/time-range.ts';
import type { ExpiryEvent } from '../../jobs/expiry/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';

export function narrateExpiry({ logger }: CliContext): (event: ExpiryEvent) => void {
  return (event) => {
    const { dataset } = event;
    switch (event.kind) {
      case 'planned':
        return;
      case 'expired': {
        const { range, slices, rows, bytes, segments } = event.batch;
        logger.info(
          { audit: 'expire', dataset, ...boundsOf(range), slices, rows, segments, bytes },
          `${dataset} ${formatRange(range)}: ${formatRows(rows)} expired`,
        );
        return;
      }
      case 'thinned': {
        const { planned, segments, bytes } = event.thinned;
        const { range, chosen, rows, intervals } = planned;
        const figures = { rows: chosen, rows_left: rows - chosen, intervals, segments, bytes };
        logger.info(
          { audit: 'expire', dataset, ...boundsOf(range), ...figures },
          `${dataset} ${formatRange(range)}: ${formatRows(chosen)} of ${intervals.join(', ')} expired, ${formatRows(rows - chosen)} left`,
        );
        return;
      }
      case 'failed': {
        const { planned, error } = event.failed;
        logger.warn(
          { dataset, ...boundsOf(planned.range), code: error.code },
          `${dataset} ${formatRange(planned.range)} stays as it was: ${error.message}`,
        );
      }
    }
  };
}

const boundsOf = ({ fromInclusive, toExclusive }: TimeRange) => ({
  from: new Date(fromInclusive).toISOString(),
  to: new Date(toExclusive).toISOString(),
});
