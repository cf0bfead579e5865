/** Every dataset as it can be asked: its columns, its key, and what each store has of it. */
import type pg from 'pg';
import type { Dataset } from '../../domain/dataset.ts';
import { TierdError } from '../../domain/errors.ts';
import type { SnapshotVersion } from '../../domain/lake/snapshot-version.ts';
import { formatTable } from '../../domain/table.ts';
import { glanceAtTable } from '../../hot/measure/glance.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { listColdSides } from '../../ledger/cold-sides.ts';
import { readSnapshotVersion } from '../../ledger/snapshot-version.ts';
import { openColdCatalog } from '../segments/ledger-catalog.ts';
import type { DatasetShape } from './dataset-shape.ts';
import { readTable, shapeOf } from './read-shape.ts';

/** Times are ISO 8601 in UTC, to the millisecond. */
export interface ListedDataset {
  readonly dataset: string;
  readonly table: string;
  /** Why it can't be asked; what was found out before is told all the same. */
  readonly error: string | null;
  readonly columns: readonly {
    readonly name: string;
    readonly postgres_type: string;
    readonly type: string;
  }[];
  readonly time_column: string;
  readonly time_kind: string | null;
  readonly time_unit: string | null;
  readonly unique_key: readonly string[];
  readonly hot: {
    readonly rows: number | null;
    readonly rows_are_estimated: boolean;
    readonly oldest: string | null;
    readonly newest: string | null;
  };
  readonly cold: {
    readonly rows: number;
    readonly segments: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
  };
}

export interface DatasetList {
  readonly version: SnapshotVersion;
  readonly datasets: readonly ListedDataset[];
}

const GLANCE_LIMIT_MS = 10_000;

/** Each dataset in a transaction of its own: one that can't be looked at does not hide the others. */
export async function listDatasets(
  db: pg.Client,
  datasets: readonly Dataset[],
): Promise<DatasetList> {
  const read = <T>(work: () => Promise<T>): Promise<T> =>
    inTransaction(
      db,
      {
        doing: 'listing the datasets',
        isolation: 'repeatable read',
        readOnly: true,
        limits: { statementTimeoutMs: GLANCE_LIMIT_MS },
      },
      work,
    );
  const { version, cold, sides } = await read(async () => ({
    version: await readSnapshotVersion(db),
    cold: await openColdCatalog(db, datasets),
    sides: await listColdSides(db),
  }));
  const listed: ListedDataset[] = [];
  for (const dataset of datasets) {
    const side = sides.get(dataset.name) ?? {
      rows: 0,
      segments: 0,
      bytes: 0,
      oldest: null,
      newest: null,
    };
    const base = { ...NOTHING_KNOWN, ...namesOf(dataset), cold: side };
    try {
      const table = await read(() => readTable(db, dataset));
      const shape = shapeOf(dataset, cold, table);
      const known = { ...base, ...describe(shape), hot: table === null ? NO_ROWS : UNKNOWN };
      listed.push(known);
      if (table !== null) {
        listed[listed.length - 1] = { ...known, hot: await read(() => glance(db, dataset)) };
      }
    } catch (error) {
      if (!(error instanceof TierdError)) throw error;
      const last = listed.at(-1);
      const known = last?.dataset === dataset.name ? last : base;
      if (last?.dataset === dataset.name) listed.pop();
      listed.push({ ...known, error: error.message });
    }
  }
  return { version, datasets: listed };
}

const NO_ROWS = { rows: 0, rows_are_estimated: false, oldest: null, newest: null };
const UNKNOWN = { rows: null, rows_are_estimated: false, oldest: null, newest: null };
const NOTHING_KNOWN = {
  error: null,
  columns: [],
  time_kind: null,
  time_unit: null,
  unique_key: [],
  hot: UNKNOWN,
};

function namesOf({ name, table, timeColumn }: Dataset) {
  return { dataset: name, table: formatTable(table), time_column: timeColumn };
}

function describe({ columns, time, key }: DatasetShape) {
  return {
    columns: columns.map(({ name, postgresType, type }) => ({
      name,
      postgres_type: postgresType,
      type,
    })),
    time_kind: time.kind,
    time_unit: time.unit ?? null,
    unique_key: key,
  };
}

async function glance(db: pg.Client, dataset: Dataset): Promise<ListedDataset['hot']> {
  const table = await describeTable(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  const { rows, rowsAreEstimated, oldest, newest } = await glanceAtTable(db, table);
  return { rows, rows_are_estimated: rowsAreEstimated, oldest: iso(oldest), newest: iso(newest) };
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
