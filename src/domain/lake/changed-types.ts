/** Numbers whose type in the lake is not the same in all segments of a portable dataset. */
import type { ColumnPlan } from '../columns/column-plan.ts';
import type { Refusal } from '../plan/refusal.ts';

const NUMBER = /^(SMALLINT|INTEGER|BIGINT|UINTEGER|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/**
 * Over such files several engines wrap, round or lose numbers without a word; tierd's own queries
 * don't. Other changes of type make them refuse, which can't be missed.
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
