/** Columns whose type in the lake is not the same in all segments. */
import type { ColumnPlan } from '../columns/column-plan.ts';
import { reconcileTypes } from '../columns/reconcile-types.ts';
import { viewTypeOf } from '../columns/view-type.ts';
import type { Refusal } from '../plan/refusal.ts';

const NUMBER = /^(SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/**
 * Over files of a portable dataset whose numbers are of several types several engines wrap, round or lose numbers without a word; tierd's own
 * queries don't.
 */
export function refuseChangedNumbers(
  planned: readonly ColumnPlan[],
  earlier: readonly (readonly Pick<ColumnPlan, 'name' | 'duckdbType'>[])[],
): readonly Refusal[] {
  return planned.flatMap(({ name, duckdbType }) => {
    const before = earlier
      .flatMap((columns) => columns.filter((column) => column.name === name))
      .find((column) => column.duckdbType !== duckdbType);
    if (before === undefined) return [];
    if (!NUMBER.test(duckdbType) || !NUMBER.test(before.duckdbType)) return [];
    return [
      {
        guard: 'number_changed',
        message: `column ${name} is ${duckdbType} now and ${before.duckdbType} in segments of this portable dataset, which several engines would misread`,
        hint: `give the table's newer rows a dataset of another name, or remove \`portable\` from this one`,
        forceable: true,
      },
    ];
  });
}

/** As a query judges it. */
export function noteIrreconcilable(
  dataset: string,
  planned: readonly ColumnPlan[],
  earlier: readonly (readonly ColumnPlan[])[],
): readonly string[] {
  return planned.flatMap((now) => {
    const before = earlier
      .flatMap((columns) => columns.filter(({ name }) => name === now.name))
      .find((then) => !canBeOne(now, then));
    if (before === undefined) return [];
    return [
      `column ${now.name} is ${now.postgresType} in the table and ${before.postgresType} in segments of the lake, and no type holds both exactly: queries of ${dataset} that may need it are refused (COLUMN_TYPE_CHANGED) until the older rows have come by way of a table of the old types (\`tierd restore ${dataset} … --into\`) into this one and were rotated again, or the newer ones have a table and a dataset of their own`,
    ];
  });
}

function canBeOne(a: ColumnPlan, b: ColumnPlan): boolean {
  if (a.duckdbType === 'VARCHAR' && b.duckdbType === 'VARCHAR') return true;
  const [x, y] = [a, b].map((plan) => viewTypeOf(plan) ?? plan.duckdbType);
  return reconcileTypes(x ?? '', y ?? '') !== null;
}
