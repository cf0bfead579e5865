/** What a table of a question's means. */
import { ATTACHED, IN_PLACE } from '../../domain/attached.ts';
import type { Dataset } from '../../domain/dataset.ts';

const SIDES: ReadonlySet<string | null> = new Set([
  null,
  'public',
  'hot',
  'cold',
  ATTACHED,
  IN_PLACE,
]);

/** Whether it is a dataset, a side of one, or the table of one by its full name. */
export function isDatasetName(
  datasets: readonly Dataset[],
  schema: string | null,
  name: string,
): boolean {
  return datasets.some(
    (one) =>
      (one.name === name && SIDES.has(schema)) ||
      (one.table.name === name && one.table.schema === schema),
  );
}
