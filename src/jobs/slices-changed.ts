import { TierdError } from '../domain/errors.ts';
import { formatRange, type TimeRange } from '../domain/time/time-range.ts';

/** Under the lease nobody else may have changed them. @param wish `be merged` */
export function slicesChanged(dataset: string, range: TimeRange, wish: string): TierdError {
  return new TierdError({
    code: 'MOVE_NOT_OURS',
    message: `slices of ${dataset} ${formatRange(range)} that were to ${wish} are no longer live; nothing was changed`,
    hint: 'another tierd changed them; look at `tierd status` and run the same command again',
    context: { dataset },
  });
}
