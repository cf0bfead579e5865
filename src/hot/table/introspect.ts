/** What a configured table is, found by looking. */
import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import { suggest } from '../../domain/suggest.ts';
import {
  type ColumnDescription,
  formatTable,
  type IntegerTimeUnit,
  type Part,
  type TableDescription,
  type TableKind,
  type TableRef,
  type TimeColumn,
  type TimeKind,
} from '../../domain/table.ts';
import { lockForReading } from '../read-lock.ts';
import { type Queryable, run, runOne, sql } from '../sql.ts';
import { refuseAggregate, refuseStorage } from '../timescale/timescale-storage.ts';
import { describeChunks, findTimescale, isHypertable } from './chunks.ts';
import { describeColumns } from './columns.ts';
import { printColumns } from './columns-print.ts';
import { describePartitions } from './partitions.ts';

/**
 * Describes the table by which a dataset is configured. Call it inside `inTransaction`, for the
 * text of partition bounds depends on the session.
 *
 * Throws TABLE_NOT_FOUND or COLUMN_NOT_FOUND with what exists, TABLE_UNSUPPORTED for what is no
 * table, TIME_COLUMN_INVALID when the column does not tell time or the unit does not fit it.
 */
export async function describeTable(
  db: pg.ClientBase,
  ref: TableRef,
  timeColumn: string,
  timeUnit?: IntegerTimeUnit,
): Promise<TableDescription> {
  const shape = await describeShape(db, ref, timeColumn, timeUnit);
  const kind = await kindOf(db, shape);
  // To ask for a part's size, or to plan a statement that reads it, is to lock it: parents first.
  if (kind !== 'plain' && (await isReadable(db, shape.oid))) await lockForReading(db, [ref]);
  const parts = await describeParts(db, shape, kind);
  const { oid, columns, timeColumn: time } = shape;
  const columnsPrint = await printColumns(db, ref);
  return { ref, oid, kind, columns, columnsPrint, timeColumn: time, parts };
}

export interface TableShape
  extends Pick<TableDescription, 'ref' | 'oid' | 'columns' | 'timeColumn'> {
  readonly isPartitioned: boolean;
}

/** The same without its parts, of which there may be thousands: enough to read its rows. Throws the same. */
export async function describeShape(
  db: Queryable,
  ref: TableRef,
  timeColumn: string,
  timeUnit?: IntegerTimeUnit,
): Promise<TableShape> {
  const { oid, kind } = await findTable(db, ref);
  await refuseStorage(db, ref);
  const columns = await describeColumns(db, oid);
  const time = timeColumnOf(ref, columns, timeColumn, timeUnit);
  await assertReadsCompressed(db, ref);
  return { ref, oid, columns, timeColumn: time, isPartitioned: kind === 'p' };
}

/** Which of the tables are there, by `schema.table`. */
export async function findExisting(
  db: Queryable,
  tables: readonly TableRef[],
): Promise<ReadonlySet<string>> {
  const found = await run<TableRef>(
    db,
    sql`select n.nspname as schema, c.relname as name
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p')
          and (n.nspname, c.relname) in (
            select * from unnest(${tables.map(({ schema }) => schema)}::text[], ${tables.map((table) => table.name)}::text[])
          )`,
  );
  return new Set(found.map((table) => formatTable(table)));
}

interface TableRow {
  readonly oid: number;
  readonly kind: string;
}

/** `pg_class.relkind` of what has rows and is no table of this database's own. */
const NOT_A_TABLE: Readonly<Record<string, string>> = {
  v: 'a view',
  m: 'a materialized view',
  f: 'a foreign table',
};

async function findTable(db: Queryable, ref: TableRef): Promise<TableRow> {
  const [found] = await run<TableRow>(
    db,
    sql`select c.oid, c.relkind as kind
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = ${ref.schema} and c.relname = ${ref.name}
          and c.relkind in ('r', 'p', 'v', 'm', 'f')`,
  );
  if (found === undefined) throw await tableNotFound(db, ref);
  const other = NOT_A_TABLE[found.kind];
  if (other === undefined) return found;
  await refuseAggregate(db, ref);
  throw new TierdError({
    code: 'TABLE_UNSUPPORTED',
    message: `${formatTable(ref)} is ${other}, and only the rows of an ordinary, partitioned or hypertable can be moved; nothing was changed`,
    hint: 'name the table that holds the rows',
    context: { table: formatTable(ref), kind: other },
  });
}

async function tableNotFound(db: Queryable, ref: TableRef): Promise<TierdError> {
  const tables = await run<{ readonly schema: string; readonly name: string }>(
    db,
    sql`select n.nspname as schema, c.relname as name
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and not c.relispartition
          and n.nspname !~ '^pg_|^information_schema$|^_?timescaledb_' and n.nspname <> 'tierd'
        order by 1, 2`,
  );
  const names = tables.map((table) => formatTable(table));
  return new TierdError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${formatTable(ref)} that this role can see; nothing was changed`,
    hint: suggestion(formatTable(ref), names, 'the database has no tables of its own yet'),
    context: { table: formatTable(ref), tables: names.slice(0, 50) },
  });
}

/** The built-in types that tell time, by oid. */
const TIME_KINDS: ReadonlyMap<number, TimeKind> = new Map([
  [1184, 'timestamptz'],
  [1114, 'timestamp'],
  [1082, 'date'],
  [20, 'integer'],
  [21, 'integer'],
  [23, 'integer'],
]);

function timeColumnOf(
  ref: TableRef,
  columns: readonly ColumnDescription[],
  wanted: string,
  unit: IntegerTimeUnit | undefined,
): TimeColumn {
  const column = columns.find((candidate) => candidate.name === wanted);
  const where = `${formatTable(ref)}.${wanted}`;
  if (column === undefined) {
    const times = columns.filter((candidate) => TIME_KINDS.has(candidate.baseType.oid));
    throw new TierdError({
      code: 'COLUMN_NOT_FOUND',
      message: `${formatTable(ref)} has no column ${wanted}; nothing was changed`,
      hint: suggestion(
        wanted,
        times.map((candidate) => candidate.name),
        'the table has no column that tells time',
      ),
      context: { table: formatTable(ref), columns: columns.map((candidate) => candidate.name) },
    });
  }
  const kind = TIME_KINDS.get(column.baseType.oid);
  if (kind === undefined) {
    throw timeColumnInvalid(
      `${where} is of type ${column.typeName}, which does not tell time`,
      'use a column of type timestamptz, timestamp, date, or an integer with `time_unit`',
    );
  }
  if (kind !== 'integer') {
    if (unit === undefined) return { name: wanted, kind };
    throw timeColumnInvalid(
      `${where} is of type ${column.typeName}, which needs no time_unit (found ${unit})`,
      'remove `time_unit` from this dataset',
    );
  }
  if (unit !== undefined) return { name: wanted, kind, unit };
  throw timeColumnInvalid(
    `${where} is of type ${column.typeName}: whether it counts seconds or nanoseconds can't be seen`,
    'set `time_unit` of this dataset to s, ms, us or ns',
  );
}

function timeColumnInvalid(found: string, hint: string): TierdError {
  return new TierdError({
    code: 'TIME_COLUMN_INVALID',
    message: `${found}; nothing was changed`,
    hint,
  });
}

async function kindOf(db: Queryable, { ref, isPartitioned }: TableShape): Promise<TableKind> {
  if (isPartitioned) return 'partitioned';
  return (await findTimescale(db)) !== null && (await isHypertable(db, ref))
    ? 'hypertable'
    : 'plain';
}

/** Whether this role may read the table of that oid. */
export async function isReadable(db: Queryable, oid: number): Promise<boolean> {
  const { readable } = await runOne<{ readonly readable: boolean }>(
    db,
    sql`select has_table_privilege(c.oid, 'select') and has_schema_privilege(c.relnamespace, 'usage') as readable
        from pg_class c where c.oid = ${oid}::oid`,
  );
  return readable;
}

async function describeParts(
  db: Queryable,
  { ref, oid, timeColumn }: TableShape,
  kind: TableKind,
): Promise<readonly Part[]> {
  switch (kind) {
    case 'partitioned':
      return describePartitions(db, oid, timeColumn);
    case 'hypertable':
      return describeChunks(db, ref, timeColumn);
    case 'plain':
      return [];
  }
}

/** Settings under which TimescaleDB reads its compressed chunks as empty, without a word. */
const BLINDING: readonly { readonly setting: string; readonly value: string }[] = [
  { setting: 'timescaledb.restoring', value: 'on' },
  { setting: 'timescaledb.enable_columnarscan', value: 'off' },
];

/** Seen on 2.29.2: 0 of 1,000 rows. A count, an export or a query would take them for gone (I1, I2). */
async function assertReadsCompressed(db: Queryable, ref: TableRef): Promise<void> {
  const set = await run<{ readonly name: string }>(
    db,
    sql`select b.name from unnest(${BLINDING.map(({ setting }) => setting)}::text[], ${BLINDING.map(({ value }) => value)}::text[]) as b (name, value)
        where current_setting(b.name, true) = b.value`,
  );
  const [found] = set;
  if (found === undefined || (await findTimescale(db)) === null) return;
  if (!(await isHypertable(db, ref))) return;
  const { value } = BLINDING.find(({ setting }) => setting === found.name) ?? { value: '' };
  throw new TierdError({
    code: 'TABLE_UNSUPPORTED',
    message: `${found.name} is ${value} for this session: compressed chunks of ${formatTable(ref)} read as empty; nothing was read or changed`,
    hint: `find where it is set (postgresql.conf, alter database, alter role) and reset it; timescaledb_post_restore() ends a restore`,
    context: { table: formatTable(ref), setting: found.name },
  });
}

function suggestion(wanted: string, existing: readonly string[], none: string): string {
  if (existing.length === 0) return none;
  const close = suggest(wanted, existing);
  const shown = existing.slice(0, 10).join(', ');
  return close === undefined ? `there is ${shown}` : `did you mean ${close}? (there is ${shown})`;
}
