/** The columns of a dataset as a question in PostgreSQL's SQL knows them: a domain is what is behind it, an enum its labels. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { changedLabels, type EnumLabel } from '../../domain/lake/enum-labels.ts';
import { assignFieldIds } from '../../domain/lake/field-ids.ts';
import {
  type CatalogueColumn,
  columnType,
  type EnumLabels,
} from '../../faces/postgres/translate/catalogue.ts';
import { readColumnPlaces } from '../../hot/table/column-places.ts';
import { readEnumLabels } from '../../hot/table/enum-labels.ts';
import { type OwnType, readOwnTypes } from '../../hot/table/own-types.ts';
import { listColumns } from '../../ledger/columns.ts';
import { listEnumLabels } from '../../ledger/enum-labels.ts';
import type { ShapeColumn } from '../../query/structured/dataset-shape.ts';

export interface CatalogueColumns {
  readonly columns: readonly CatalogueColumn[];
  /** By what `format_type` says. */
  readonly enums: ReadonlyMap<string, EnumLabels>;
}

/** An enum of which rows of the lake may have a label under another name can be shown, and nothing else. */
export async function catalogueColumns(
  db: pg.Client,
  dataset: Pick<Dataset, 'name' | 'table'>,
  shape: readonly ShapeColumn[],
): Promise<CatalogueColumns> {
  const plain = shape.map(({ name, type, postgresType }) => ({
    ...{ name, postgresType, duckdbType: type },
  }));
  const enums = new Map<string, EnumLabels>();
  if (plain.every((column) => !columnType(column).type.endsWith('*')))
    return { columns: plain, enums };
  const own = await readOwnTypes(db, dataset.table);
  const labels = await soundLabels(db, dataset.name, own);
  const byName = new Map(own.map((type) => [type.column, type]));
  const columns = plain.map((column): CatalogueColumn => {
    const type = byName.get(column.name);
    if (type === undefined) return column;
    const { postgresType, oid, arrayOid, isEnum } = type;
    if (!isEnum) return { ...column, postgresType };
    const known = labels.get(column.name);
    if (known === undefined || column.duckdbType !== 'VARCHAR') return column;
    enums.set(postgresType, { oid, arrayOid, labels: known.map(({ label }) => label) });
    return { ...column, postgresType, isEnum: true };
  });
  return { columns, enums };
}

/** By column: of those enums whose labels are called as they were when rows left. */
async function soundLabels(
  db: pg.Client,
  name: string,
  own: readonly OwnType[],
): Promise<ReadonlyMap<string, readonly EnumLabel[]>> {
  const [table] = own.filter(({ isEnum }) => isEnum);
  if (table === undefined) return new Map();
  const { tableOid } = table;
  const fields = assignFieldIds(await listColumns(db, name), await readColumnPlaces(db, tableOid));
  const recorded = await listEnumLabels(db, name);
  const current = await readEnumLabels(db, tableOid, fields);
  return new Map(
    fields.flatMap(({ name: column, fieldId }): [string, readonly EnumLabel[]][] => {
      const labels = current.get(fieldId) ?? [];
      const changed = changedLabels(recorded.get(fieldId) ?? [], labels);
      return changed.length > 0 ? [] : [[column, labels]];
    }),
  );
}
