/**
 * The foreign chunks that TimescaleDB keeps account of, and how they are removed. One that was dropped by hand stays in its
 * catalogue: 2.19 then reads the hypertable no more, and 2.29, once another is attached, takes the dropped one for it and leaves
 * the other out of all questions that name a time.
 */
import type { TableRef } from '../../domain/table.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';

export interface ForeignChunk {
  /** Of TimescaleDB's. */
  readonly id: number;
  /** Null where it was dropped and TimescaleDB knew it by its oid. */
  readonly chunk: TableRef | null;
  readonly isThere: boolean;
  readonly hasSchema: boolean;
}

/** @returns none where there is no such hypertable */
export async function listForeignChunks(
  db: Queryable,
  table: TableRef,
): Promise<readonly ForeignChunk[]> {
  const { found } = await runOne<{ readonly found: boolean }>(
    db,
    sql`select to_regclass('_timescaledb_catalog.chunk') is not null as found`,
  );
  if (!found) return [];
  const rows = await run<{
    readonly id: number;
    readonly schema: string | null;
    readonly name: string | null;
    readonly is_there: boolean;
    readonly has_schema: boolean;
  }>(
    db,
    // By name up to 2.28, by oid since.
    sql`select c.id, coalesce(n.nspname, c.row ->> 'schema_name') as schema, coalesce(k.relname, c.row ->> 'table_name') as name,
               k.oid is not null as is_there,
               exists (select from pg_namespace s where s.nspname = c.row ->> 'schema_name') as has_schema
        from (select c.id::int, to_jsonb(c) as row from _timescaledb_catalog.chunk c
              join _timescaledb_catalog.hypertable h on h.id = c.hypertable_id
              where h.schema_name = ${table.schema} and h.table_name = ${table.name}) c
        left join pg_class k on k.oid = case
          when c.row ->> 'relid' ~ '^[0-9]+$' then (c.row ->> 'relid')::oid
          else to_regclass(coalesce(c.row ->> 'relid', format('%I.%I', c.row ->> 'schema_name', c.row ->> 'table_name'))) end
        left join pg_namespace n on n.oid = k.relnamespace
        where (c.row ->> 'osm_chunk')::boolean order by c.id`,
  );
  return rows.map(({ id, schema, name, is_there: isThere, has_schema: hasSchema }) => ({
    id,
    chunk: schema === null || name === null ? null : { schema, name },
    isThere,
    hasSchema,
  }));
}

const CATALOGUE = '_timescaledb_catalog.chunk';

/** Removes all of a hypertable's from where it is known, and the tables that are there. */
export function dropForeignChunksSql(
  table: TableRef,
  chunks: readonly ForeignChunk[],
): readonly string[] {
  const byName = chunks.filter(({ chunk }) => chunk !== null);
  const lost = chunks.filter(({ chunk }) => chunk === null).map(({ id }) => id);
  return [
    ...byName.flatMap(({ chunk, isThere, hasSchema }) =>
      chunk === null || isThere
        ? []
        : [
            ...(hasSchema ? [] : [`create schema if not exists ${quoteName(chunk.schema)}`]),
            // TimescaleDB drops what it finds under that name.
            `create table ${quoteTable(chunk)} ()`,
          ],
    ),
    ...(lost.length === 0
      ? []
      : [
          `delete from _timescaledb_catalog.dimension_slice where chunk_id in (${lost.join(', ')})`,
          `delete from ${CATALOGUE} where id in (${lost.join(', ')}) and osm_chunk`,
        ]),
    // One at a time, whichever of them it finds.
    ...byName.map(() => `select _timescaledb_functions.drop_osm_chunk(${regclass(table)})`),
  ];
}

/** Whether the statements change TimescaleDB's own tables, as a superuser alone may, and this role is none. */
export async function mayNotForget(db: Queryable, statements: readonly string[]): Promise<boolean> {
  if (!statements.some((one) => one.startsWith(`delete from ${CATALOGUE} `))) return false;
  const { may } = await runOne<{ readonly may: boolean }>(
    db,
    sql`select has_table_privilege(${CATALOGUE}, 'delete') as may`,
  );
  return !may;
}

export function regclass(table: TableRef): string {
  return `${quoteLiteral(quoteTable(table))}::regclass`;
}
