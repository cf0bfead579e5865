import type { Dataset } from '../../domain/dataset.ts';
import type { Lane } from '../../domain/plan/regions.ts';
import type { RowFilter } from '../../hot/measure/row-filter.ts';

/** Which rows of a region leave: all that have aged, else those whose interval does not stay hot. */
export function filterOf(dataset: Dataset, lane: Lane): RowFilter | null {
  if (lane === 'aged') return null;
  if (dataset.intervalColumn === undefined || dataset.hotIntervals === undefined) {
    throw new RangeError(`${dataset.name} has no interval column`);
  }
  return { column: dataset.intervalColumn, noneOf: dataset.hotIntervals };
}
