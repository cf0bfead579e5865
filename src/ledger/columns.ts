/** The field ids of a dataset's columns (I13). */
import type { FieldColumn, KnownColumn } from '../domain/lake/field-ids.ts';
import type { Queryable } from './queryable.ts';

interface ColumnRow {
  readonly field_id: number;
  readonly name: string;
  readonly postgres_type: string;
  readonly table_identity: string;
  readonly attnum: number;
  readonly is_dropped: boolean;
  readonly first_name: string;
}

const COLUMNS = `field_id, name, postgres_type, table_identity, attnum, dropped_at is not null as is_dropped, first_name`;

/** Every column that the dataset's table has or had; none before its first rotation. */
export async function listColumns(db: Queryable, dataset: string): Promise<readonly KnownColumn[]> {
  const found = await db.query<ColumnRow>(
    `select ${COLUMNS} from tierd.columns where dataset = $1 order by field_id`,
    [dataset],
  );
  return found.rows.map(columnOf);
}

export interface DatasetColumnRow extends ColumnRow {
  readonly dataset: string;
}

/** Of all datasets that have something in the lake. */
export const LIVE_COLUMNS_SQL = `select dataset, ${COLUMNS} from tierd.columns
  where dataset in (select dataset from tierd.live_schemas where segments > 0) order by dataset, field_id`;

/** @param rows of `LIVE_COLUMNS_SQL` */
export function columnsByDataset(
  rows: readonly DatasetColumnRow[],
): ReadonlyMap<string, readonly KnownColumn[]> {
  const columns = new Map<string, KnownColumn[]>();
  for (const row of rows) {
    const known = columns.get(row.dataset);
    if (known === undefined) columns.set(row.dataset, [columnOf(row)]);
    else known.push(columnOf(row));
  }
  return columns;
}

const columnOf = (row: ColumnRow): KnownColumn => ({
  fieldId: row.field_id,
  name: row.name,
  postgresType: row.postgres_type,
  tableIdentity: row.table_identity,
  attnum: row.attnum,
  isDropped: row.is_dropped,
  firstName: row.first_name,
});

/**
 * Notes the columns as they are; those that are no longer there keep their id for ever, so that
 * nobody else gets it. In a transaction, under the dataset's lease.
 */
export async function recordColumns(
  db: Queryable,
  dataset: string,
  fields: readonly FieldColumn[],
): Promise<void> {
  await db.query(
    `update tierd.columns set dropped_at = clock_timestamp()
     where dataset = $1 and dropped_at is null and field_id <> all($2::int[])`,
    [dataset, fields.map(({ fieldId }) => fieldId)],
  );
  await db.query(
    `insert into tierd.columns (dataset, field_id, name, first_name, postgres_type, table_identity, attnum)
     select $1, f.field_id, f.name, f.name, f.postgres_type, f.table_identity, f.attnum
     from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::int[])
            as f (field_id, name, postgres_type, table_identity, attnum)
     on conflict (dataset, field_id) do update
       set name = excluded.name, postgres_type = excluded.postgres_type,
           table_identity = excluded.table_identity, attnum = excluded.attnum, dropped_at = null`,
    [
      dataset,
      fields.map(({ fieldId }) => fieldId),
      fields.map(({ name }) => name),
      fields.map(({ postgresType }) => postgresType),
      fields.map(({ tableIdentity }) => tableIdentity),
      fields.map(({ attnum }) => attnum),
    ],
  );
}
