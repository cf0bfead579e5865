/** The `query` section: what a question may take from the hot store. */
import { z } from 'zod';
import { duration, wholeNumber } from './fields.ts';
import { parseDuration } from './units.ts';

export interface QueryConfig {
  /** Of one table, in one query. */
  readonly maxHotRows: number;
  /** A reader holds off the drop of what it reads. */
  readonly maxHoldMs: number;
}

export const querySection = z.strictObject({
  max_hot_rows: wholeNumber(
    { min: 1, max: 1_000_000_000 },
    'A query that needs more rows of one table from PostgreSQL than this is refused. They are copied into the query engine, within maintenance.memory_limit.',
  ).default(5_000_000),
  max_hold: duration(
    'A query that reads a table in PostgreSQL for longer than this is ended, for a rotation can drop no chunk while it is read. Segments are read afterwards, for as long as it takes.',
  ).default('1min'),
});

export type QueryFile = z.output<typeof querySection>;

export function resolveQuery(file: QueryFile): QueryConfig {
  return { maxHotRows: file.max_hot_rows, maxHoldMs: parseDuration(file.max_hold) };
}
