import { TierdError } from '../../domain/errors.ts';
import { formatTable, type TableDescription, type TableRef } from '../../domain/table.ts';

/** The plan was made from what was there, and something else is there now. */
export function partsChanged(
  table: Pick<TableDescription, 'ref'>,
  parts: readonly TableRef[],
  what: string,
): TierdError {
  return new TierdError({
    code: 'PARTS_CHANGED',
    message: `the parts of ${formatTable(table.ref)} are not those planned: ${parts.map(formatTable).join(', ')}: ${what}; the removal was rolled back and nothing was dropped`,
    hint: 'run again: the plan is made anew from what is there',
    context: { table: formatTable(table.ref), parts: parts.map(formatTable) },
  });
}

/** What PostgreSQL says of a name that is no table's (any more). */
export function isUndefinedTable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42P01';
}
