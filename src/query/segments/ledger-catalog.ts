/** The catalogue of the lake as the ledger has it. */
import {
  assignFieldIds,
  type KnownColumn,
  type PlacedColumns,
} from '../../domain/lake/field-ids.ts';
import { presentNames } from '../../domain/lake/present-names.ts';
import { isTimedBy } from '../../domain/lake/time-of-segments.ts';
import { formatTable, type TableRef } from '../../domain/table.ts';
import {
  columnPlacesSql,
  placesByTable,
  type TablePlacesRow,
} from '../../hot/table/column-places.ts';
import { columnsByDataset, type DatasetColumnRow, LIVE_COLUMNS_SQL } from '../../ledger/columns.ts';
import { type LiveSchema, listLiveSchemas, listLiveSegments } from '../../ledger/live-segments.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import type {
  ColdCatalog,
  ColdColumn,
  ColdDataset,
  ColdSchema,
  ColdTimeColumn,
} from './cold-catalog.ts';
import { columnsAsNow, type NamesNow, nameInFile } from './columns-as-now.ts';

/** What the configuration knows of a dataset; a `Dataset` will do. */
export interface ConfiguredDataset {
  readonly name: string;
  /** By which its columns are called now; unless given, they are as the ledger knows them. */
  readonly table?: TableRef;
  readonly timeColumn: string;
  readonly timeUnit?: NonNullable<ColdTimeColumn['unit']>;
}

/**
 * Reads which datasets have live segments.
 *
 * @param db in a transaction whose statements all see one snapshot, as long as the catalogue is asked
 */
export async function openColdCatalog(
  db: Queryable,
  configured: readonly ConfiguredDataset[],
): Promise<ColdCatalog> {
  const schemas = await listLiveSchemas(db);
  const columns = await db.query<DatasetColumnRow>(LIVE_COLUMNS_SQL);
  const tables = configured.flatMap(({ table }) => (table === undefined ? [] : [table]));
  const places = await db.query<TablePlacesRow>(columnPlacesSql(tables));
  return coldCatalogOf(db, configured, {
    schemas,
    columns: columnsByDataset(columns.rows),
    places: placesByTable(places.rows),
  });
}

/** What the catalogue is made of, all of one snapshot. */
export interface LiveLake {
  readonly schemas: readonly LiveSchema[];
  /** By dataset. */
  readonly columns: ReadonlyMap<string, readonly KnownColumn[]>;
  /** Of the tables that are there, by `schema.table`. */
  readonly places: ReadonlyMap<string, PlacedColumns>;
}

export function coldCatalogOf(
  db: Queryable,
  configured: readonly ConfiguredDataset[],
  live: LiveLake,
): ColdCatalog {
  const names = new Map<string, NamesNow>();
  const schemas = new Map<string, ColdSchema>();
  const datasets = new Map<string, ColdDataset>();
  for (const { dataset, id, span, statistics, minTimeUs, ...found } of live.schemas) {
    const own = configured.find(({ name }) => name === dataset);
    const placed = own?.table === undefined ? undefined : live.places.get(formatTable(own.table));
    const now = names.get(dataset) ?? namesOf(live.columns.get(dataset) ?? [], placed, own);
    names.set(dataset, now);
    const schema = { ...found, columns: columnsAsNow(found.columns, now) };
    schemas.set(id, schema);
    const { schemas: known = [], isTimedOtherwise = false } = datasets.get(dataset) ?? {};
    const timeColumn = timeColumnOf(own);
    const isTimed = (wanted: ColdTimeColumn): boolean => {
      const time = schema.columns.find(({ name }) => name === wanted.name);
      if (time === undefined) return !isKnownToLack(schema.columns, placed, wanted);
      const timed = { columns: found.columns, statistics, minTimeUs };
      return isTimedBy(timed, { ...wanted, name: nameInFile(time) });
    };
    datasets.set(dataset, {
      name: dataset,
      timeColumn,
      schemas: [...known, schema],
      isTimedOtherwise: isTimedOtherwise || (timeColumn !== null && !isTimed(timeColumn)),
      span: { fromInclusiveUs: span.firstUs, toInclusiveUs: span.lastUs },
    });
  }
  return {
    datasets: [...datasets.values()],
    emptyDatasets: configured.map(({ name }) => name).filter((name) => !datasets.has(name)),
    async listSegments(dataset, { fromInclusiveUs, toInclusiveUs }) {
      const found = await listLiveSegments(db, dataset, fromInclusiveUs, toInclusiveUs);
      return found.map(({ schemaId, ...segment }) => ({
        ...segment,
        columns: schemas.get(schemaId)?.columns ?? [],
      }));
    },
  };
}

function namesOf(
  known: readonly KnownColumn[],
  placed: PlacedColumns | undefined,
  configured: ConfiguredDataset | undefined,
): NamesNow {
  const table = placed === undefined ? null : assignFieldIds(known, placed);
  return { names: presentNames(known, table), timeColumn: configured?.timeColumn ?? null };
}

/** The table has the column, and of each of these it is known that it is another one. */
function isKnownToLack(
  columns: readonly ColdColumn[],
  placed: PlacedColumns | undefined,
  { name: wanted }: ColdTimeColumn,
): boolean {
  return (
    placed?.columns.some(({ name }) => name === wanted) === true &&
    columns.every(({ fieldId }) => fieldId !== undefined)
  );
}

function timeColumnOf(dataset: ConfiguredDataset | undefined): ColdTimeColumn | null {
  if (dataset === undefined) return null;
  const { timeColumn: name, timeUnit: unit } = dataset;
  return unit === undefined ? { name } : { name, unit };
}
