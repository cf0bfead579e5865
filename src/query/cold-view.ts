/**
 * A dataset as a view over an explicit list of its segments. Columns are named and typed by the
 * ledger, not by whatever file is opened first, so the view is the same however much was pruned.
 */

import { canBeOutdated, type NewerRows, withoutOutdated } from './hot/newer-rows.ts';
import type { ColdColumn, SegmentRef } from './segments/cold-catalog.ts';
import { nameInFile } from './segments/columns-as-now.ts';
import { emptyQuery } from './segments/empty-query.ts';
import type { ViewSchema } from './segments/view-schema.ts';
import { foldName } from './sql/sql-ast.ts';
import { quoteName, quoteText } from './sql/sql-text.ts';

/**
 * @param locate what DuckDB opens for a segment's key
 * @param newer leaves out the rows that it replaces
 */
export function viewQuery(
  schema: ViewSchema,
  segments: readonly SegmentRef[],
  locate: (key: string) => string,
  newer: NewerRows | null = null,
): string {
  if (segments.length === 0) return emptyQuery(schema);
  return groupByColumns(segments)
    .map((group) => {
      const files = group.map(({ key }) => quoteText(locate(key))).join(', ');
      const columns = selectList(schema, group[0]?.columns ?? []);
      // No union_by_name: it would open every file to plan the query, and within a group all are alike.
      const rows = `read_parquet([${files}], hive_partitioning = false, union_by_name = false)`;
      const isMet = newer !== null && group.every((one) => canBeOutdated(one, newer.identity));
      return `select ${columns} from ${isMet ? withoutOutdated(rows, newer) : rows}`;
    })
    .join('\nunion all\n');
}

/** Segments whose columns are alike, so that one scan reads them. */
function groupByColumns(segments: readonly SegmentRef[]): readonly (readonly SegmentRef[])[] {
  const groups = new Map<string, SegmentRef[]>();
  for (const segment of segments) {
    const shape = JSON.stringify(
      segment.columns.map(({ name, fileName, duckdbType, held, fieldId }) => [
        name,
        fileName,
        duckdbType,
        held,
        fieldId,
      ]),
    );
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [segment]);
    else group.push(segment);
  }
  return [...groups.values()];
}

/** Columns of a segment as the dataset's view has them, null where it has none. */
export function selectList(schema: ViewSchema, held: readonly ColdColumn[]): string {
  const byName = new Map(held.map((column) => [foldName(column.name), column]));
  return [...schema]
    .map(([name, type]) => {
      const column = byName.get(foldName(name));
      if (column === undefined) return `null::${type} as ${quoteName(name)}`;
      const value = quoteName(nameInFile(column));
      return `${column.duckdbType === type ? value : `cast(${value} as ${type})`} as ${quoteName(name)}`;
    })
    .join(', ');
}
