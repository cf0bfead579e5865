/** The columns that a dataset's configuration names, against those that its table has. */
import type { Dataset } from '../dataset.ts';
import { TierdError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { formatTable, type TableDescription } from '../table.ts';

/** Throws COLUMN_NOT_FOUND with every key that names none, and the column that is nearest. */
export function assertNamedColumns(
  { name, sortBy, intervalColumn }: Pick<Dataset, 'name' | 'sortBy' | 'intervalColumn'>,
  { ref, columns }: Pick<TableDescription, 'ref' | 'columns'>,
): void {
  const existing = columns.map((column) => column.name);
  const named = [
    ...sortBy.map((column) => ({ key: 'sort_by', column })),
    ...(intervalColumn === undefined ? [] : [{ key: 'interval_column', column: intervalColumn }]),
  ];
  const missing = named.filter(({ column }) => !existing.includes(column));
  if (missing.length === 0) return;
  const what = missing.map(({ key, column }) => `${column} (datasets.${name}.${key})`).join(', ');
  const meant = missing.flatMap(({ column }) => {
    const near = suggest(column, existing);
    return near === undefined ? [] : [`did you mean ${near} instead of ${column}?`];
  });
  throw new TierdError({
    code: 'COLUMN_NOT_FOUND',
    message: `${formatTable(ref)} has no column ${what}; nothing was changed`,
    hint: [...meant, `the table has ${existing.join(', ')}`].join(' '),
    context: { table: formatTable(ref), columns: existing },
  });
}
