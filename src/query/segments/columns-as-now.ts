/** The columns of a segment by the names that they have now (I13). */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { PresentNames } from '../../domain/lake/present-names.ts';
import type { ColdColumn } from './cold-catalog.ts';
import { columnOf } from './query-column.ts';

export interface NamesNow {
  readonly names: PresentNames;
  /** Null where the configuration does not know the dataset. */
  readonly timeColumn: string | null;
}

export function columnsAsNow(
  plans: readonly ColumnPlan[],
  { names, timeColumn }: NamesNow,
): readonly ColdColumn[] {
  const isTimed = plans.some((plan) => names.nameOf(plan) === timeColumn);
  return plans.map((plan) => {
    // The time of a row is its time, also where another column has taken the place of the one that was dropped.
    const isFormerTime = !isTimed && plan.name === timeColumn && names.isDropped(plan);
    const name = isFormerTime ? plan.name : names.nameOf(plan);
    return name === plan.name ? columnOf(plan) : { ...columnOf(plan), name, fileName: plan.name };
  });
}

/** As the file and the segment's statistics have it. */
export const nameInFile = ({ name, fileName }: Pick<ColdColumn, 'name' | 'fileName'>): string =>
  fileName ?? name;
