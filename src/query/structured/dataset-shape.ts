/** What is known of a dataset before it is asked: enough to tell a question that can't be answered. */
import { TierdError } from '../../domain/errors.ts';
import { suggest } from '../../domain/suggest.ts';
import type { TimeColumn } from '../../domain/table.ts';

export interface ShapeColumn {
  readonly name: string;
  /** What a query sees, in DuckDB's words. */
  readonly type: string;
  /** Of the table, or of the newest segment that has the column. */
  readonly postgresType: string;
  /** The lake has segments, and none of them has it. */
  readonly isHotOnly?: true;
}

export interface DatasetShape {
  readonly name: string;
  readonly columns: readonly ShapeColumn[];
  readonly time: TimeColumn;
  /** Whose local time a time column without a zone tells; null is UTC. */
  readonly timeZone: string | null;
  /** Of the table's first unique key; none where there is no table or no key. */
  readonly key: readonly string[];
}

/** @throws TierdError QUERY_INVALID, with what there is */
export function columnNamed(shape: DatasetShape, name: string, parameter: string): ShapeColumn {
  const found = shape.columns.find((column) => column.name === name);
  if (found !== undefined) return found;
  const names = shape.columns.map((column) => column.name);
  const near = suggest(name, names);
  throw invalid(
    `${parameter}: ${shape.name} has no column ${JSON.stringify(name)}. Nothing was read.`,
    `${near === undefined ? '' : `Did you mean ${near}? `}Its columns are ${names.join(', ')}.`,
  );
}

export function timeColumnOf(shape: DatasetShape): ShapeColumn {
  return columnNamed(shape, shape.time.name, 'time column');
}

export function invalid(message: string, hint: string): TierdError {
  return new TierdError({ code: 'QUERY_INVALID', message, hint });
}
