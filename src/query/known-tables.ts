/** What a connection was told of tables: told again only where PostgreSQL's catalogue has changed since. */
import type pg from 'pg';
import type { Dataset } from '../domain/dataset.ts';
import { describeShape, type TableShape } from '../hot/table/introspect.ts';
import { listRowKeys, type RowKey } from '../hot/table/unique-key.ts';

export interface KnownTable {
  readonly shape: TableShape;
  readonly rowKeys: () => Promise<readonly RowKey[]>;
}

interface Printed {
  readonly print: string;
  readonly timeColumn: string;
  readonly timeUnit: Dataset['timeUnit'];
  readonly table: KnownTable;
}

const told = new WeakMap<pg.Client, Map<string, Printed>>();

/**
 * @param print of `tablePrintsSql`, in the snapshot that `db` is in
 * @throws what `describeShape` throws
 */
export async function knownTable(
  db: pg.Client,
  { name, table: ref, timeColumn, timeUnit }: Dataset,
  print: string | null,
): Promise<KnownTable> {
  const tables = told.get(db) ?? new Map<string, Printed>();
  told.set(db, tables);
  const last = tables.get(name);
  if (last?.print === print && last.timeColumn === timeColumn && last.timeUnit === timeUnit) {
    return last.table;
  }
  const shape = await describeShape(db, ref, timeColumn, timeUnit);
  let keys: readonly RowKey[] | null = null;
  const table: KnownTable = {
    shape,
    rowKeys: async () => (keys ??= await listRowKeys(db, shape, timeColumn)),
  };
  if (print === null) tables.delete(name);
  else tables.set(name, { print, timeColumn, timeUnit, table });
  return table;
}
