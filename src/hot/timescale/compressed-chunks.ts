/** What TimescaleDB's Community edition has compressed, by its own books. */
import type pg from 'pg';
import type { Part, TableRef } from '../../domain/table.ts';
import { type Queryable, raw, run, runOne, type Sql, sql, tableName } from '../sql.ts';

/** Whether one of these chunks is compressed, in the caller's snapshot. */
export async function anyCompressed(db: Queryable, chunks: readonly Part[]): Promise<boolean> {
  if (chunks.length === 0) return false;
  const found = await run(
    db,
    sql`select from timescaledb_information.chunks ch
        join pg_namespace n on n.nspname = ch.chunk_schema
        join pg_class c on c.relnamespace = n.oid and c.relname = ch.chunk_name
        where ch.is_compressed and c.oid = any (${chunks.map((chunk) => chunk.oid)}::oid[])
        limit 1`,
  );
  return found.length > 0;
}

/**
 * How many rows a compressed chunk holds, counted where they lie: what its batches say that they
 * hold, and the rows beside them that are not compressed. A query of the chunk gives as many, or it
 * does not see all that a drop would take (timescaledb #8498, #6250). Null for a chunk that is not
 * compressed.
 *
 * The caller is in a transaction and has locked the chunk against writers.
 */
export async function countStoredRows(client: pg.ClientBase, chunk: Part): Promise<bigint | null> {
  const batches = await findBatches(client, chunk);
  if (batches === null) return null;
  const compressed = await countRows(
    client,
    sql`select coalesce(sum(_ts_meta_count), 0)::text as rows from ${tableName(batches)}`,
  );
  await client.query('savepoint tierd_stored');
  await client.query('set local timescaledb.enable_transparent_decompression = off');
  const beside = await countRows(
    client,
    sql`select count(*)::text as rows from only ${tableName(chunk.ref)}`,
  );
  // Takes the setting back with it.
  await client.query('rollback to savepoint tierd_stored; release savepoint tierd_stored');
  return compressed + beside;
}

async function countRows(db: Queryable, statement: Sql): Promise<bigint> {
  const { rows } = await runOne<{ readonly rows: string }>(db, statement);
  return BigInt(rows);
}

/** The table of a chunk's compressed batches, each a row. */
async function findBatches(db: Queryable, chunk: Part): Promise<TableRef | null> {
  const [found] = await run<TableRef>(
    db,
    sql`select n.nspname as schema, c.relname as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.oid = (${await batchesOf(db, sql`${chunk.oid}::oid`)})`,
  );
  return found ?? null;
}

/**
 * Selects the oids of the tables that hold the batches of `chunks`, a list or a query of oids; null
 * for one that is gone by now. TimescaleDB 2.19 began to note them with the settings; 2.29 ended to
 * note them with the chunk.
 */
export async function batchesOf(db: Queryable, chunks: Sql): Promise<Sql> {
  const withSettings = await run(
    db,
    sql`select from pg_attribute
        where attrelid = to_regclass('_timescaledb_catalog.compression_settings')
          and attname = 'compress_relid' and not attisdropped`,
  );
  if (withSettings.length > 0) {
    return sql`select s.compress_relid::oid from _timescaledb_catalog.compression_settings s
               where s.relid::oid in (${chunks})`;
  }
  return sql`select ${raw(`to_regclass(format('%I.%I', b.schema_name, b.table_name))::oid`)}
             from _timescaledb_catalog.chunk c join _timescaledb_catalog.chunk b on b.id = c.compressed_chunk_id
             join pg_namespace n on n.nspname = c.schema_name
             join pg_class r on r.relnamespace = n.oid and r.relname = c.table_name
             where r.oid in (${chunks})`;
}
