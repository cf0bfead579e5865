/** Which columns of a dataset its Iceberg table lacks, and why: by what its live segments hold. */
import { type LeftOutColumn, tableSchemaOf } from '../catalogue/table-schema.ts';
import { listColumns } from '../ledger/columns.ts';
import { listLiveSchemas } from '../ledger/live-segments.ts';
import type { Queryable } from '../ledger/queryable.ts';

export async function listColumnsLeftOut(
  db: Queryable,
  dataset: string,
): Promise<readonly LeftOutColumn[]> {
  const schemas = (await listLiveSchemas(db)).filter((one) => one.dataset === dataset);
  const written = schemas.map(({ columns }) => columns);
  return tableSchemaOf(await listColumns(db, dataset), written.at(-1) ?? [], written).leftOut;
}
