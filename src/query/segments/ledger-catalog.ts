/** The catalogue of the lake as the ledger has it. */
import { isTimedBy } from '../../domain/lake/time-of-segments.ts';
import { type LiveSchema, listLiveSchemas, listLiveSegments } from '../../ledger/live-segments.ts';
import type { Queryable } from '../../ledger/queryable.ts';
import type { ColdCatalog, ColdDataset, ColdSchema, ColdTimeColumn } from './cold-catalog.ts';
import { columnOf } from './query-column.ts';

/** What the configuration knows of a dataset; a `Dataset` will do. */
export interface ConfiguredDataset {
  readonly name: string;
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
  return coldCatalogOf(db, configured, await listLiveSchemas(db));
}

/** @param live what `listLiveSchemas` gives in that transaction */
export function coldCatalogOf(
  db: Queryable,
  configured: readonly ConfiguredDataset[],
  live: readonly LiveSchema[],
): ColdCatalog {
  const schemas = new Map<string, ColdSchema>();
  const datasets = new Map<string, ColdDataset>();
  for (const { dataset, id, span, statistics, minTimeUs, ...found } of live) {
    const schema = { ...found, columns: found.columns.map(columnOf) };
    schemas.set(id, schema);
    const { schemas: known = [], isTimedOtherwise = false } = datasets.get(dataset) ?? {};
    const timeColumn = timeColumnOf(configured.find(({ name }) => name === dataset));
    const timed = { columns: found.columns, statistics, minTimeUs };
    datasets.set(dataset, {
      name: dataset,
      timeColumn,
      schemas: [...known, schema],
      isTimedOtherwise: isTimedOtherwise || (timeColumn !== null && !isTimedBy(timed, timeColumn)),
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

function timeColumnOf(dataset: ConfiguredDataset | undefined): ColdTimeColumn | null {
  if (dataset === undefined) return null;
  const { timeColumn: name, timeUnit: unit } = dataset;
  return unit === undefined ? { name } : { name, unit };
}
