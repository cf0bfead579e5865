/** Chunks of a TimescaleDB hypertable. */
import type { Part, TableDescription, TableRef, TimeColumn } from '../../domain/table.ts';
import type { EpochMs, TimeRange } from '../../domain/time/time-range.ts';
import { integerToMs, SLICEABLE, timeLiteral, unitOf } from '../measure/time-bounds.ts';
import { name, type Queryable, run, type Sql, sql, tableName } from '../sql.ts';
import { sizesOf } from './part-sizes.ts';

export interface Timescale {
  readonly version: string;
  /** `apache` has no compression, continuous aggregates or policies; `timescale` (Community) has. */
  readonly license: string;
  /** Where the extension's functions live, often but not always `public`. */
  readonly schema: string;
}

/** Null where the extension is not in this database. */
export async function findTimescale(db: Queryable): Promise<Timescale | null> {
  const [found] = await run<Timescale>(
    db,
    sql`select e.extversion as version, n.nspname as schema,
               coalesce(current_setting('timescaledb.license', true), 'unknown') as license
        from pg_extension e join pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'timescaledb'`,
  );
  return found ?? null;
}

/** A function of the extension, by its qualified name. */
function timescaleFunction(timescale: Timescale, functionName: string): Sql {
  return sql`${name(timescale.schema)}.${name(functionName)}`;
}

export async function isHypertable(db: Queryable, table: TableRef): Promise<boolean> {
  const found = await run(
    db,
    sql`select from timescaledb_information.hypertables
        where hypertable_schema = ${table.schema} and hypertable_name = ${table.name}`,
  );
  return found.length === 1;
}

/** By which its chunks are cut, the time first: with more than one it is cut by space as well. */
export async function listDimensions(db: Queryable, table: TableRef): Promise<readonly string[]> {
  const found = await run<{ readonly name: string }>(
    db,
    sql`select column_name as name from timescaledb_information.dimensions
        where hypertable_schema = ${table.schema} and hypertable_name = ${table.name} order by dimension_number`,
  );
  return found.map((one) => one.name);
}

interface ChunkRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly from_us: string | null;
  readonly to_us: string | null;
  readonly from_integer: string | null;
  readonly to_integer: string | null;
  readonly compressed: boolean;
  readonly estimated_rows: string;
}

/**
 * Chunks cut by the configured time column, several for one range on a hypertable that is also cut
 * by space. Those whose bounds are infinite or between milliseconds are no parts.
 */
export async function describeChunks(
  db: Queryable,
  table: TableRef,
  time: TimeColumn,
): Promise<readonly Part[]> {
  const chunks = await listChunks(db, table, time);
  const sizes = await sizesOf(
    db,
    chunks.map(({ oid }) => oid),
  );
  return chunks.map((chunk) => ({ ...chunk, bytes: sizes.get(chunk.oid) ?? 0 }));
}

/** The same without their sizes: takes no lock on any of them. */
export async function listChunks(
  db: Queryable,
  table: TableRef,
  time: TimeColumn,
): Promise<readonly Omit<Part, 'bytes'>[]> {
  const parts: Omit<Part, 'bytes'>[] = [];
  for (const chunk of await selectChunks(db, table, time.name)) {
    const fromInclusive = chunkBound(time, chunk.from_us, chunk.from_integer);
    const toExclusive = chunkBound(time, chunk.to_us, chunk.to_integer);
    if (fromInclusive === null || toExclusive === null) continue;
    parts.push({
      oid: chunk.oid,
      ref: { schema: chunk.schema, name: chunk.name },
      range: { fromInclusive, toExclusive },
      compressed: chunk.compressed,
      estimatedRows: Number(chunk.estimated_rows),
    });
  }
  return parts;
}

/**
 * Drops every chunk that lies within `range` and gives their names. The caller holds the locks,
 * and rolls back when the names are not those it planned.
 */
export async function dropChunks(
  db: Queryable,
  table: TableDescription,
  range: TimeRange,
): Promise<readonly TableRef[]> {
  const timescale = await findTimescale(db);
  if (timescale === null) throw new RangeError('a hypertable without TimescaleDB');
  const dropped = await run<{ readonly schema: string; readonly name: string }>(
    db,
    sql`with dropped as (
          select parse_ident(chunk) as parts
          from ${timescaleFunction(timescale, 'drop_chunks')}(
            ${table.oid}::oid::regclass,
            older_than => ${boundOf(table, range.toExclusive)},
            newer_than => ${boundOf(table, range.fromInclusive)}) as chunk
        )
        select parts[1] as schema, parts[2] as name from dropped`,
  );
  return dropped;
}

/** drop_chunks takes "any", and wants the very type of the column: int4, not int8. */
function boundOf(table: TableDescription, at: EpochMs): Sql {
  const time = table.timeColumn;
  const type = table.columns.find((column) => column.name === time.name)?.baseType;
  if (type === undefined) throw new RangeError(`no column ${time.name}`);
  return sql`${timeLiteral(time, at, null)}::${tableName({ schema: type.schema, name: type.name })}`;
}

function chunkBound(
  time: TimeColumn,
  microseconds: string | null,
  integer: string | null,
): number | null {
  if (time.kind === 'integer') {
    return integer === null ? null : inReach(integerToMs(BigInt(integer), unitOf(time)));
  }
  if (microseconds === null || !/^-?\d+$/.test(microseconds)) return null;
  return inReach(integerToMs(BigInt(microseconds), 'us'));
}

function inReach(ms: number | null): number | null {
  return ms !== null && ms >= SLICEABLE.fromInclusive && ms <= SLICEABLE.toExclusive ? ms : null;
}

function selectChunks(
  db: Queryable,
  table: TableRef,
  timeColumn: string,
): Promise<readonly ChunkRow[]> {
  return run<ChunkRow>(
    db,
    // The view speaks of `timestamp` and `date` dimensions as if they were UTC, as tierd does.
    sql`select c.oid, ch.chunk_schema as schema, ch.chunk_name as name,
               trim_scale(extract(epoch from ch.range_start) * 1000000)::text as from_us,
               trim_scale(extract(epoch from ch.range_end) * 1000000)::text as to_us,
               ch.range_start_integer::text as from_integer,
               ch.range_end_integer::text as to_integer,
               coalesce(ch.is_compressed, false) as compressed,
               greatest(c.reltuples, 0)::bigint::text as estimated_rows
        from timescaledb_information.chunks ch
        join pg_namespace n on n.nspname = ch.chunk_schema
        join pg_class c on c.relnamespace = n.oid and c.relname = ch.chunk_name
        where ch.hypertable_schema = ${table.schema} and ch.hypertable_name = ${table.name}
          and ch.primary_dimension = ${timeColumn} and c.relkind = 'r'
        order by ch.range_start, ch.range_start_integer, c.oid`,
  );
}
