/** Turns an expiry's events into log lines. */
import { formatRange } from '../../domain/time/time-range.ts';
import type { ExpiryEvent } from '../../jobs/expiry/rooms.ts';
import type { CliContext } from '../context.ts';
import { formatRows } from '../terminal/format.ts';

export function narrateExpiry({ logger }: CliContext): (event: ExpiryEvent) => void {
  return (event) => {
    if (event.kind !== 'expired') return;
    const { dataset } = event;
    const { range, slices, rows, bytes, segments } = event.batch;
    logger.info(
      {
        audit: 'expire',
        dataset,
        from: new Date(range.fromInclusive).toISOString(),
        to: new Date(range.toExclusive).toISOString(),
        slices,
        rows,
        segments,
        bytes,
      },
      `${dataset} ${formatRange(range)}: ${formatRows(rows)} expired`,
    );
  };
}
