import type { CompressionFacts, HypertableCompression } from '../../domain/inspect/compression.ts';
import type { TableRef } from '../../domain/table.ts';
import { quoteTable } from '../quote.ts';
import { name, type Queryable, raw, run, sql } from '../sql.ts';
import { findTimescale, type Timescale } from '../table/chunks.ts';
import type { InspectScope } from './members.ts';

const MOST_HYPERTABLES = 50;
const MOST_CHUNKS = 20;

interface ChunkRow {
  readonly schema: string;
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** By TimescaleDB's own books: as each chunk was when it was compressed. */
export async function readCompression(
  db: Queryable,
  { tables }: InspectScope,
): Promise<CompressionFacts> {
  const timescale = await findTimescale(db);
  if (timescale === null) return { kind: 'no timescaledb' };
  if (timescale.license === 'apache') return { kind: 'apache', version: timescale.version };
  const chosen =
    tables === null
      ? raw('true')
      : sql`format('%I.%I', hypertable_schema, hypertable_name) = any (
              array(select format('%I.%I', n.nspname, c.relname) from unnest(${tables.map(quoteTable)}::text[]) t
                    join pg_class c on c.oid = to_regclass(t) join pg_namespace n on n.oid = c.relnamespace))`;
  const found = await run<TableRef & { readonly chunks: number }>(
    db,
    sql`select hypertable_schema::text as schema, hypertable_name::text as name, num_chunks::int as chunks
        from timescaledb_information.hypertables
        where compression_enabled and ${chosen} order by 1, 2 limit ${MOST_HYPERTABLES}`,
  );
  const hypertables: HypertableCompression[] = [];
  for (const { chunks, ...hypertable } of found) {
    hypertables.push({ hypertable, chunks, ...(await readChunks(db, timescale, hypertable)) });
  }
  return { kind: 'community', hypertables };
}

async function readChunks(
  db: Queryable,
  timescale: Timescale,
  hypertable: TableRef,
): Promise<Omit<HypertableCompression, 'hypertable' | 'chunks'>> {
  const rows = await run<ChunkRow>(
    db,
    sql`select chunk_schema::text as schema, chunk_name::text as name, before_compression_total_bytes::float8 as before,
               after_compression_total_bytes::float8 as after
        from ${name(timescale.schema)}.chunk_compression_stats(${quoteTable(hypertable)}::regclass)
        where compression_status = 'Compressed'
        order by after_compression_total_bytes::float8 / greatest(before_compression_total_bytes, 1) desc, 1, 2`,
  );
  const sum = (which: 'before' | 'after'): number =>
    rows.reduce((total, row) => total + row[which], 0);
  return {
    compressed: rows.length,
    beforeBytes: sum('before'),
    afterBytes: sum('after'),
    worst: rows.slice(0, MOST_CHUNKS).map((row) => ({
      chunk: { schema: row.schema, name: row.name },
      beforeBytes: row.before,
      afterBytes: row.after,
    })),
  };
}
