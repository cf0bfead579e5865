/** What a dataset looks like at one instant: by its table, and by the segments that it has. */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import { suggest } from '../../domain/suggest.ts';
import { formatTable, type TimeColumn } from '../../domain/table.ts';
import { describeShape, findExisting } from '../../hot/table/introspect.ts';
import { listUniqueKeys } from '../../hot/table/unique-key.ts';
import { inTransaction } from '../../hot/transaction.ts';
import type { AnswerRecord } from '../cache/answer-record.ts';
import { readStanding } from '../cache/standing.ts';
import type { ColdCatalog, ColdColumn, ColdDataset } from '../segments/cold-catalog.ts';
import { openColdCatalog } from '../segments/ledger-catalog.ts';
import { columnOf } from '../segments/query-column.ts';
import { viewSchemaOf } from '../segments/view-schema.ts';
import { foldName } from '../sql/sql-ast.ts';
import type { DatasetShape, ShapeColumn } from './dataset-shape.ts';

/** @throws TierdError DATASET_NOT_FOUND with those that there are; COLUMN_TYPE_CHANGED */
export async function readShape(
  db: pg.Client,
  datasets: readonly Dataset[],
  name: string,
  record?: AnswerRecord,
): Promise<DatasetShape> {
  const dataset = datasets.find((one) => one.name === name);
  if (dataset === undefined) throw notFound(datasets, name);
  return inTransaction(
    db,
    { doing: `reading the columns of ${name}`, isolation: 'repeatable read', readOnly: true },
    async () => {
      record?.standBefore(await readStanding(db, [name], datasets));
      return shapeOf(dataset, await openColdCatalog(db, datasets), await readTable(db, dataset));
    },
  );
}

export interface TableShape {
  readonly table: string;
  readonly oid: number;
  readonly columns: readonly ColumnPlan[];
  readonly time: TimeColumn;
  readonly key: readonly string[];
}

/** Null where the table is gone: the dataset is what its segments hold. */
export async function readTable(db: pg.Client, dataset: Dataset): Promise<TableShape | null> {
  const existing = await findExisting(db, [dataset.table]);
  if (!existing.has(formatTable(dataset.table))) return null;
  const { oid, ref, columns, timeColumn } = await describeShape(
    db,
    dataset.table,
    dataset.timeColumn,
    dataset.timeUnit,
  );
  const [key] = await listUniqueKeys(db, { oid, ref });
  return {
    table: formatTable(ref),
    oid,
    columns: planColumns(columns, dataset.columns, dataset.portable).columns,
    time: timeColumn,
    key: key?.columns ?? [],
  };
}

/** @throws TierdError COLUMN_TYPE_CHANGED, TABLE_NOT_FOUND where neither store has anything of it */
export function shapeOf(
  dataset: Dataset,
  { datasets }: Pick<ColdCatalog, 'datasets'>,
  table: TableShape | null,
): DatasetShape {
  const cold = datasets.find(({ name }) => name === dataset.name);
  const schemas = [
    ...(cold?.schemas ?? []),
    ...(table === null
      ? []
      : [{ columns: table.columns.map(columnOf), segments: 0, exampleKey: table.table }]),
  ];
  if (schemas.length === 0) {
    throw new TierdError({
      code: 'TABLE_NOT_FOUND',
      message: `There is no table ${formatTable(dataset.table)}, and the lake has nothing of ${dataset.name}. Nothing was read.`,
      hint: 'Create the table, or see datasets in the configuration.',
    });
  }
  const whole: ColdDataset = { name: dataset.name, timeColumn: null, schemas };
  const inLake = cold?.schemas.flatMap((schema) => schema.columns.map((one) => foldName(one.name)));
  const columns = [...viewSchemaOf(whole)].map(([name, type]) => ({
    name,
    type,
    postgresType: postgresTypeOf(schemas, name),
    ...(inLake?.includes(foldName(name)) === false ? ({ isHotOnly: true } as const) : {}),
  }));
  return {
    name: dataset.name,
    columns,
    time: table?.time ?? timeOf(dataset, columns),
    timeZone: dataset.timeZone ?? null,
    key: (table?.key ?? []).filter((name) => columns.some((column) => column.name === name)),
  };
}

function postgresTypeOf(
  schemas: readonly {
    readonly columns: readonly (ColdColumn & { readonly postgresType?: string })[];
  }[],
  name: string,
): string {
  for (const { columns } of schemas.toReversed()) {
    const found = columns.find((column) => column.name === name);
    if (found?.postgresType !== undefined) return found.postgresType;
  }
  return 'unknown';
}

/** Of a dataset whose table is gone. */
function timeOf({ timeColumn, timeUnit }: Dataset, columns: readonly ShapeColumn[]): TimeColumn {
  const type = columns.find(({ name }) => name === timeColumn)?.type;
  if (timeUnit !== undefined) return { name: timeColumn, kind: 'integer', unit: timeUnit };
  if (type === 'DATE') return { name: timeColumn, kind: 'date' };
  return { name: timeColumn, kind: type === 'TIMESTAMP' ? 'timestamp' : 'timestamptz' };
}

function notFound(datasets: readonly Dataset[], name: string): TierdError {
  const names = datasets.map((dataset) => dataset.name);
  const near = suggest(name, names);
  return new TierdError({
    code: 'DATASET_NOT_FOUND',
    message: `There is no dataset ${JSON.stringify(name.slice(0, 100))}. Nothing was read.`,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}${names.length === 0 ? 'None is configured.' : `There are ${names.join(', ')}.`}`,
  });
}
