/**
 * A chunk made before its rows come. Whoever makes one keeps others from making one of the same hypertable until
 * COMMIT, so what makes it is a short transaction with no row in it. No function for it is there in all editions; a COPY
 * that leaves out each row it is given does it where TimescaleDB looks for a row's chunk before it looks at the WHERE
 * (2.19), and nothing at all where it does not (2.29).
 */
import type pg from 'pg';
import type { TableDescription } from '../../domain/table.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { copyIn, encodeRows } from '../copy/copy-in.ts';
import { timeLiteral } from '../measure/time-bounds.ts';
import { quoteName, quoteTable } from '../quote.ts';
import { name, type Queryable, run, runOne, sql } from '../sql.ts';

/** Of the rows of a slice. */
export interface RowTimes {
  readonly first: EpochMs;
  readonly last: EpochMs;
}

/** Whether one chunk has a place for all rows of these times, by whatever they are cut beside their time. */
export async function hasChunkFor(
  db: Queryable,
  { ref, timeColumn: time }: Pick<TableDescription, 'ref' | 'timeColumn'>,
  { first, last }: RowTimes,
): Promise<boolean> {
  // The view speaks of `timestamp` and `date` dimensions as if they were UTC, as tierd does.
  const [suffix, told] =
    time.kind === 'integer' ? ['_integer', time] : ['', { ...time, kind: 'timestamptz' as const }];
  const found = await run(
    db,
    sql`select from timescaledb_information.chunks ch
        where ch.hypertable_schema = ${ref.schema} and ch.hypertable_name = ${ref.name}
          and ch.primary_dimension = ${time.name}
          and ch.${name(`range_start${suffix}`)} <= ${timeLiteral(told, first, null)}
          and ch.${name(`range_end${suffix}`)} > ${timeLiteral(told, last, null)}
          and not exists (select from timescaledb_information.dimensions d
                          where d.hypertable_schema = ${ref.schema} and d.hypertable_name = ${ref.name}
                            and d.dimension_number > 1)
        limit 1`,
  );
  return found.length > 0;
}

/** In the caller's transaction, which it should end soon. Throws what PostgreSQL objects with. */
export async function makeChunkAt(
  client: pg.Client,
  { ref, timeColumn: time }: Pick<TableDescription, 'ref' | 'timeColumn'>,
  at: EpochMs,
): Promise<void> {
  const { text } = await runOne<{ readonly text: string }>(
    client,
    sql`select (${timeLiteral(time, at, null)})::text as text`,
  );
  const copy = `copy ${quoteTable(ref)} (${quoteName(time.name)}) from stdin where false`;
  await copyIn(client, copy, [encodeRows([[text]])]);
}
