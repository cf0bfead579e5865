/** Which tables are looked at, and to which table of a person's each of them belongs. */
import type { TableRef } from '../../domain/table.ts';
import { quoteTable } from '../quote.ts';
import { type Queryable, raw, run, type Sql, sql } from '../sql.ts';

/** What the questions about tables are put over. */
export interface InspectScope {
  /** Null: every table of the database that this role may see the name of. */
  readonly tables: readonly TableRef[] | null;
  /** How TimescaleDB says which table holds the batches of a compressed chunk; null where it compresses none. */
  readonly batches: Sql | null;
  /** A query of the oids of hypertables, none of which has rows of its own; null without TimescaleDB. */
  readonly hypertables: Sql | null;
}

export async function scopeOf(
  db: Queryable,
  tables: readonly TableRef[] | null,
): Promise<InspectScope> {
  return { tables, batches: await batchesOf(db), hypertables: await hypertablesOf(db) };
}

/**
 * `hypertables (oid)`, `up (oid, root)` and `members (oid, root)`, behind `with recursive`: each table with rows of its own, and the
 * table that a person knows it by. That of a compressed chunk's batches belongs where the chunk does.
 */
export function members({ tables, batches, hypertables }: InspectScope): Sql {
  const chosen =
    tables === null
      ? raw('true')
      : sql`c.oid = any (array(select to_regclass(unnest(${tables.map(quoteTable)}::text[]))::oid))`;
  return sql`batches (batch, chunk) as (${batches ?? raw('select null::oid, null::oid where false')}),
    hypertables (oid) as (${hypertables ?? raw('select null::oid where false')}),
    up (oid, root) as (
      select c.oid, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and ${chosen}
        and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
        and not exists (select from pg_inherits i where i.inhrelid = c.oid)
        and not exists (select from batches b where b.batch = c.oid)
        and not (n.nspname = '_timescaledb_internal' and c.relname like ${String.raw`\_compressed\_hypertable\_%`})
      union
      select i.inhrelid, up.root from up join pg_inherits i on i.inhparent = up.oid
    ),
    members (oid, root) as (
      select up.oid, up.root from up join pg_class c on c.oid = up.oid where c.relkind in ('r', 'm')
        and not exists (select from hypertables h where h.oid = up.oid)
      union
      select b.batch, up.root from batches b join up on up.oid = b.chunk
    )`;
}

/** Of the table `c`, beside `hypertables`: how a person has to speak of its indexes. */
export const KIND = raw(`case when c.oid in (select h.oid from hypertables h) then 'hypertable'
                              when c.relkind = 'p' then 'partitioned' else 'plain' end`);

async function hypertablesOf(db: Queryable): Promise<Sql | null> {
  const found = await run(
    db,
    sql`select where to_regclass('_timescaledb_catalog.hypertable') is not null`,
  );
  if (found.length === 0) return null;
  return raw(`select c.oid from _timescaledb_catalog.hypertable h join pg_namespace n on n.nspname = h.schema_name
              join pg_class c on c.relnamespace = n.oid and c.relname = h.table_name`);
}

/** Where TimescaleDB notes it, by its version: with the settings since 2.19, with the chunk until 2.29. */
async function batchesOf(db: Queryable): Promise<Sql | null> {
  const columns = await run<{ readonly name: string }>(
    db,
    sql`select attname as name from pg_attribute
        where not attisdropped
          and (attrelid = to_regclass('_timescaledb_catalog.compression_settings') and attname = 'compress_relid'
               or attrelid = to_regclass('_timescaledb_catalog.chunk') and attname = 'compressed_chunk_id')`,
  );
  const has = (name: string): boolean => columns.some((column) => column.name === name);
  if (has('compress_relid')) {
    return raw(`select compress_relid::oid, relid::oid from _timescaledb_catalog.compression_settings
                where compress_relid is not null`);
  }
  if (!has('compressed_chunk_id')) return null;
  return raw(`select to_regclass(format('%I.%I', b.schema_name, b.table_name))::oid,
                     to_regclass(format('%I.%I', c.schema_name, c.table_name))::oid
              from _timescaledb_catalog.chunk c join _timescaledb_catalog.chunk b on b.id = c.compressed_chunk_id`);
}
