/**
 * The statements by which a hypertable itself reaches into the lake: TimescaleDB takes a foreign table as one of its chunks. A CHECK
 * on its time, which the ledger keeps true, is what PostgreSQL leaves it out of questions of later times by. It has no range of its
 * own there: with one, TimescaleDB would refuse late rows within it, and not lock it for who reads later times.
 */
import { createHash } from 'node:crypto';
import { IN_PLACE } from '../../domain/attached.ts';
import type { TableRef } from '../../domain/table.ts';
import { quoteLiteral, quoteName, quoteTable } from '../quote.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import type { DatasetToAttach } from './dataset-sql.ts';
import { dropForeignChunksSql, type ForeignChunk, regclass } from './foreign-chunks.ts';

/** What a child of a table has to be as its parent is. */
export interface ChunkDefinition {
  readonly columns: readonly {
    readonly name: string;
    readonly isRequired: boolean;
    readonly isGenerated: boolean;
    /** Its collation calls texts of other bytes equal. */
    readonly foldsTexts: boolean;
  }[];
}

export async function readChunkDefinition(
  db: Queryable,
  table: TableRef,
): Promise<ChunkDefinition> {
  const oid = sql`${quoteTable(table)}::regclass`;
  const columns = await run<ChunkDefinition['columns'][number]>(
    db,
    sql`select a.attname as name, a.attnotnull as "isRequired", a.attgenerated <> '' as "isGenerated",
               coalesce(not c.collisdeterministic, false) as "foldsTexts"
        from pg_attribute a left join pg_collation c on c.oid = a.attcollation where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped order by a.attnum`,
  );
  return { columns };
}

/** What the last `tierd attach --in-place` made, by dataset. */
export interface AttachedInPlace {
  readonly dataset: string;
  readonly table: TableRef;
  /** By the names that both have now, where the chunk is there; else by those that they had. */
  readonly chunk: TableRef;
  readonly print: string;
  /** Whether the foreign table is there and a chunk. */
  readonly isThere: boolean;
  /** Whose it is, where this role may not alter it. */
  readonly otherOwner: string | null;
  /** Whether its transactions are those of this server, and of no other that was dumped. */
  readonly isOfHere: boolean;
}

export async function listInPlace(db: Queryable): Promise<readonly AttachedInPlace[]> {
  const { found } = await runOne<{ readonly found: boolean }>(
    db,
    sql`select to_regclass('tierd.in_place') is not null as found`,
  );
  if (!found) return [];
  const { rows } = await db.query<{
    dataset: string;
    table_schema: string;
    table_name: string;
    chunk_schema: string;
    chunk_name: string;
    print: string;
    is_there: boolean;
    other_owner: string | null;
    is_of_here: boolean;
  }>(
    `select p.dataset, coalesce(hn.nspname, p.table_schema) as table_schema, coalesce(h.relname, p.table_name) as table_name,
            coalesce(cn.nspname, p.chunk_schema) as chunk_schema, coalesce(c.relname, p.chunk_name) as chunk_name, p.print,
            p.changed < pg_snapshot_xmax(pg_current_snapshot()) as is_of_here, c.oid is not null as is_there,
            case when not pg_has_role(c.relowner, 'usage') then pg_get_userbyid(c.relowner) end as other_owner
     from tierd.in_place p
     left join pg_class c on c.oid = tierd.chunk_in_place(p.dataset) left join pg_namespace cn on cn.oid = c.relnamespace
     left join pg_inherits i on i.inhrelid = c.oid
     left join pg_class h on h.oid = i.inhparent left join pg_namespace hn on hn.oid = h.relnamespace
     order by p.dataset`,
  );
  return rows.map((row) => ({
    dataset: row.dataset,
    table: { schema: row.table_schema, name: row.table_name },
    chunk: { schema: row.chunk_schema, name: row.chunk_name },
    print: row.print,
    isThere: row.is_there,
    otherOwner: row.other_owner,
    isOfHere: row.is_of_here,
  }));
}

/** Another one where the same dataset would be made otherwise. */
export function printInPlace(
  schema: string,
  server: string,
  one: DatasetToAttach,
  definition: ChunkDefinition,
): string {
  return createHash('sha256')
    .update(JSON.stringify([chunkSql(schema, server, one, definition), one.marginUs]))
    .digest('hex')
    .slice(0, 16);
}

export function chunkOf(schema: string, table: TableRef): TableRef {
  return { schema, name: `${table.name}_chunk` };
}

/**
 * @param role of tierd, which locks the chunk when it deletes, and moves its end: only its owner may
 * @param known of an earlier attachment, whose chunk goes
 * @param chunks all foreign ones of the hypertable
 */
export function attachInPlaceSql(
  { schema, server, role }: { schema: string; server: string; role: string },
  one: DatasetToAttach,
  definition: ChunkDefinition,
  known: AttachedInPlace | null,
  chunks: readonly ForeignChunk[],
): readonly string[] {
  const { dataset, table, time, marginUs, cutoffMs } = one;
  const chunk = chunkOf(schema, table);
  const record = [
    dataset,
    table.schema,
    table.name,
    chunk.schema,
    chunk.name,
    time.column,
    time.kind,
    time.unit ?? '',
    printInPlace(schema, server, one, definition),
  ].map(quoteLiteral);
  return [
    ...(known === null ? dropForeignChunksSql(table, chunks) : dropChunkSql(known, chunks)),
    chunkSql(schema, server, one, definition),
    `alter foreign table ${quoteTable(chunk)} owner to ${quoteName(role)}`,
    `select _timescaledb_functions.attach_osm_table_chunk(${regclass(table)}, ${regclass(chunk)})`,
    `insert into tierd.in_place (dataset, table_schema, table_name, chunk_schema, chunk_name, time_column, time_kind, time_unit, print, until_us, margin_us)
  values (${record.join(', ')}, -9223372036854775808, ${String(marginUs)})`,
    `select tierd.fit_in_place(${quoteLiteral(dataset)}, greatest(${String(cutoffMs * 1000)},
  (select max(max_time_us) from tierd.segments where dataset = ${quoteLiteral(dataset)} and state in ('live', 'retired'))))`,
  ];
}

/** The rows stay where they are: the lake's in the lake. */
export function dropChunkSql(
  { dataset, table, chunk }: AttachedInPlace,
  chunks: readonly ForeignChunk[],
): readonly string[] {
  return [
    ...dropForeignChunksSql(table, chunks),
    // One that TimescaleDB no longer finds, as it has another name now.
    `drop foreign table if exists ${quoteTable(chunk)}`,
    `delete from tierd.in_place where dataset = ${quoteLiteral(dataset)}`,
  ];
}

function chunkSql(
  schema: string,
  server: string,
  { dataset, table, found }: DatasetToAttach,
  { columns }: ChunkDefinition,
): string {
  // Its CHECK constraints TimescaleDB copies itself.
  const parts = found.columns.map(({ name, type, collation }) => {
    const required = columns.some((one) => one.name === name && one.isRequired);
    return `${quoteName(name)} ${type}${collation === null ? '' : ` collate ${collation}`}${required ? ' not null' : ''}`;
  });
  return `create foreign table ${quoteTable(chunkOf(schema, table))} (${parts.join(', ')})
  server ${quoteName(server)} options (schema_name ${quoteLiteral(IN_PLACE)}, table_name ${quoteLiteral(dataset)})`;
}
