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

/** Else nobody knows of a row's chunk by its time. */
export async function isCutByTimeAlone(
  db: Queryable,
  { ref }: Pick<TableDescription, 'ref'>,
): Promise<boolean> {
  const found = await run(
    db,
    sql`select from timescaledb_information.dimensions d
        where d.hypertable_schema = ${ref.schema} and d.hypertable_name = ${ref.name} and d.dimension_number > 1`,
  );
  return found.length === 0;
}

/** Whether one chunk of a table that is cut by time alone has a place for all rows of these times. */
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
        limit 1`,
  );
  return found.length > 0;
}

/**
 * In the caller's transaction, which it should end soon. Throws what PostgreSQL objects with.
 *
 * What the table has as a default is the application's, and asked by COPY for each column that is not named: it may
 * be a sequence's next number, or write something.
 */
export async function makeChunkAt(
  client: pg.Client,
  { ref, oid, timeColumn: time }: Pick<TableDescription, 'ref' | 'oid' | 'timeColumn'>,
  at: EpochMs,
): Promise<void> {
  const { text } = await runOne<{ readonly text: string }>(
    client,
    sql`select (${timeLiteral(time, at, null)})::text as text`,
  );
  const others = (await columnsWithDefault(client, oid)).filter((column) => column !== time.name);
  const columns = [time.name, ...others].map(quoteName).join(', ');
  const copy = `copy ${quoteTable(ref)} (${columns}) from stdin where false`;
  await copyIn(client, copy, [encodeRows([[text, ...others.map(() => null)]])]);
}

/** Their own one or their type's, without those that are computed. */
async function columnsWithDefault(db: Queryable, oid: number): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select a.attname as name from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
          and (a.atthasdef or a.attidentity <> '' or t.typdefaultbin is not null)
        order by a.attnum`,
  );
  return found.map(({ name: column }) => column);
}
