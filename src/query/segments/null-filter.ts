/** Whether a segment can hold a row whose column is null, or one whose column is not, by what was counted in it. */
import { ownValue } from '../../domain/own-value.ts';
import type { NullTest } from '../sql/predicate.ts';
import { foldName } from '../sql/sql-ast.ts';
import type { SegmentRef } from './cold-catalog.ts';
import { nameInFile } from './columns-as-now.ts';
import type { ViewSchema } from './view-schema.ts';

export function mayHold(
  { columns, counts, rows }: SegmentRef,
  { column, isNull }: NullTest,
  schema: ViewSchema,
): boolean {
  // As the view finds it: a column may have been spelled otherwise then.
  const held = columns.findLast(({ name }) => foldName(name) === foldName(column));
  // Of a column that came later its rows have nothing.
  if (held === undefined) return isNull;
  // What a view can't show as a number of the text that it is, it shows as nothing.
  if (counts === null || held.viewType !== undefined || held.duckdbType !== schema.get(column)) {
    return true;
  }
  const nulls = BigInt(ownValue(counts.nulls, nameInFile(held)) ?? 0);
  return isNull ? nulls > 0n : nulls < rows;
}
