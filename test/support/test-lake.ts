/** A small lake that a test writes with DuckDB, and the catalogue of it that the ledger would give. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { ColumnStatistics } from '../../src/domain/lake/column-statistics.ts';
import { nodeFileSystem } from '../../src/lake/file-system.ts';
import { openLocalStore } from '../../src/lake/local-store.ts';
import type { ObjectStore } from '../../src/lake/object-store.ts';
import type {
  ColdCatalog,
  ColdColumn,
  ColdDataset,
  ColdTimeColumn,
  SegmentRef,
  TimeHull,
} from '../../src/query/segments/cold-catalog.ts';

export interface TestLake {
  readonly root: string;
  readonly store: ObjectStore;
  /** A DuckDB of the test's own, to make rows with. */
  readonly duckdb: DuckDBConnection;
  readonly segments: ReadonlyMap<string, readonly SegmentRef[]>;
  /**
   * Writes what `select` gives as one segment.
   * @param timeUs the time column in microseconds, as an expression
   * @param groupRows rows of a row group, DuckDB makes them multiples of 2,048
   */
  add(
    dataset: string,
    key: string,
    select: string,
    timeUs: string,
    groupRows?: number,
  ): Promise<SegmentRef>;
  catalog(timeColumns: Readonly<Record<string, ColdTimeColumn | null>>): TestCatalog;
  destroy(): Promise<void>;
}

export interface TestCatalog extends ColdCatalog {
  /** What was asked for, in order. */
  readonly asked: { readonly dataset: string; readonly hull: TimeHull }[];
}

export async function createTestLake(): Promise<TestLake> {
  const root = await mkdtemp(join(tmpdir(), 'tierd-lake-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const duckdb = await instance.connect();
  await duckdb.run(`set TimeZone = 'UTC'`);
  const segments = new Map<string, SegmentRef[]>();
  return {
    root,
    store: await openLocalStore(root, nodeFileSystem),
    duckdb,
    segments,
    async add(dataset, key, select, timeUs, groupRows = 122_880) {
      const path = join(root, key);
      await mkdir(dirname(path), { recursive: true });
      await duckdb.run(
        `copy (${select}) to '${path}' (format parquet, compression zstd, row_group_size ${String(groupRows)})`,
      );
      const segment = await describeSegment(duckdb, key, path, timeUs);
      segments.set(dataset, [...(segments.get(dataset) ?? []), segment]);
      return segment;
    },
    catalog: (timeColumns) => catalogOf(segments, timeColumns),
    async destroy() {
      duckdb.closeSync();
      instance.closeSync();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export async function sha256OfFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

async function footerBytesOf(path: string): Promise<number> {
  const bytes = await readFile(path);
  return bytes.readUInt32LE(bytes.length - 8) + 8;
}

async function describeSegment(
  duckdb: DuckDBConnection,
  key: string,
  path: string,
  timeUs: string,
): Promise<SegmentRef> {
  const rowsOf = async (sql: string) => (await duckdb.runAndReadAll(sql)).getRows();
  const columns: ColdColumn[] = (
    await rowsOf(`describe from read_parquet('${path}', hive_partitioning = false)`)
  ).map(([name, type]) => ({
    name: String(name),
    duckdbType: String(type),
  }));
  const bounds = columns.flatMap(({ name }) => [
    `min("${name}")::varchar`,
    `max("${name}")::varchar`,
    `count(*) - count("${name}")`,
  ]);
  const [facts = []] = await rowsOf(
    `select count(*), min(${timeUs}), max(${timeUs}), ${bounds.join(', ')}
     from read_parquet('${path}', hive_partitioning = false)`,
  );
  const [rows, minTimeUs, maxTimeUs, ...found] = facts;
  const statistics: Record<string, ColumnStatistics> = {};
  const nulls: Record<string, number> = {};
  columns.forEach(({ name }, index) => {
    const [min, max, missing] = found.slice(3 * index, 3 * index + 3);
    statistics[name] = { min: min as string | null, max: max as string | null };
    if (Number(missing) > 0) nulls[name] = Number(missing);
  });
  return {
    key,
    rows: rows as bigint,
    bytes: BigInt((await stat(path)).size),
    sha256: await sha256OfFile(path),
    minTimeUs: BigInt(minTimeUs as bigint | number),
    maxTimeUs: BigInt(maxTimeUs as bigint | number),
    statistics,
    counts: { nulls, nans: {} },
    footerBytes: await footerBytesOf(path),
    columns,
  };
}

function catalogOf(
  segments: ReadonlyMap<string, readonly SegmentRef[]>,
  timeColumns: Readonly<Record<string, ColdTimeColumn | null>>,
): TestCatalog {
  const asked: { dataset: string; hull: TimeHull }[] = [];
  return {
    asked,
    emptyDatasets: [],
    datasets: [...segments].map(([name, all]) => datasetOf(name, all, timeColumns[name] ?? null)),
    async listSegments(dataset, hull) {
      asked.push({ dataset, hull });
      const { fromInclusiveUs: from, toInclusiveUs: to } = hull;
      return (segments.get(dataset) ?? []).filter(
        ({ minTimeUs, maxTimeUs }) =>
          (from === null || maxTimeUs >= from) && (to === null || minTimeUs <= to),
      );
    },
  };
}

function datasetOf(
  name: string,
  segments: readonly SegmentRef[],
  timeColumn: ColdTimeColumn | null,
): ColdDataset {
  const groups = new Map<string, SegmentRef[]>();
  for (const segment of segments) {
    const shape = JSON.stringify(segment.columns);
    groups.set(shape, [...(groups.get(shape) ?? []), segment]);
  }
  const schemas = [...groups.values()].map((group) => ({
    columns: group[0]!.columns,
    segments: group.length,
    exampleKey: group[0]!.key,
  }));
  return { name, timeColumn, schemas };
}
