/** Both stores in one PostgreSQL snapshot: the ledger's list of segments, and the rows themselves. */
import type { Dataset } from '../domain/dataset.ts';
import { datasetRenamed, notYetRenamed } from '../domain/plan/renamed-dataset.ts';
import { formatTable } from '../domain/table.ts';
import { quoteTable } from '../hot/quote.ts';
import { identifyTable } from '../hot/table/table-identity.ts';
import { findNamesInLake, whoHadName } from '../ledger/former-names.ts';
import { readStanding } from './cache/standing.ts';
import { knownTable } from './known-tables.ts';
import type { LiveNames } from './live/live-names.ts';
import type { LiveSide, SettledSource } from './live/live-side.ts';
import { assertNotDropped } from './not-dropped.ts';
import { openTable, type TableOptions } from './open-table.ts';
import { inReadSnapshot, type ReadSnapshot } from './read-snapshot.ts';
import { assertSeenInPlace } from './seen-in-place.ts';
import type { ColdCatalog } from './segments/cold-catalog.ts';
import { coldCatalogOf } from './segments/ledger-catalog.ts';
import {
  type HotNeed,
  type HotTable,
  type InSnapshot,
  type LiveStores,
  type Stores,
} from './stores.ts';

export interface SnapshotOptions extends TableOptions {
  readonly datasets: readonly Dataset[];
  /** A statement that reads hot rows longer than this is ended: what would drop their chunk waits for it. */
  readonly maxHoldMs: number;
  /** One that somebody holds; unless given, each question has its own. */
  readonly snapshot?: string;
  /** In its place one whose statement locked its tables after it, maybe: a drop in between is not met by waiting. */
  readonly instant?: string;
  /** In place of both, a session that reads the hot rows by itself, at a snapshot that nobody is told. */
  readonly reader?: { readonly session: string | null };
  readonly live?: LiveSide;
}

/** So often it is read anew where a drain is at work meanwhile. */
const MOST_LOOKS = 5;

export function postgresStores(options: SnapshotOptions): InSnapshot {
  const { db, maxHoldMs, live, reader, instant, snapshot = instant } = options;
  return async (needOf, work, names) => {
    const wanted = options.datasets.filter(({ name }) => needOf(name) !== 'nothing');
    const tables = {
      named: wanted.map(({ table }) => table),
      read: wanted.filter(({ name }) => needOf(name) === 'rows').map(({ table }) => table),
    };
    if (instant !== undefined) {
      await assertNotDropped(
        db,
        instant,
        wanted.map(({ name }) => name),
      );
    }
    for (let attempt = 1; ; attempt += 1) {
      const look =
        live === undefined || names === undefined || names.all.length === 0
          ? null
          : // Before the snapshot: what is drained meanwhile is met twice then, and not missed.
            await live.look(db, names.all, names.columnsOnly);
      const result = await inReadSnapshot(
        db,
        {
          doing: 'reading the hot rows of a query',
          isolation: 'repeatable read',
          readOnly: true,
          limits: { statementTimeoutMs: maxHoldMs, idleTimeoutMs: maxHoldMs },
          ...(snapshot === undefined ? {} : { snapshot }),
        },
        tables,
        async (read) => {
          if (reader !== undefined) {
            await assertSeenInPlace(
              db,
              reader.session,
              wanted.map(({ name }) => name),
            );
          }
          const stores = await openStores(options, needOf, wanted, read);
          const sources = (await look?.settle(db)) ?? null;
          if (attempt < MOST_LOOKS && sources?.some(({ isUnsure }) => isUnsure) === true) {
            return { done: false } as const;
          }
          const found =
            sources === null || names === undefined
              ? null
              : await openLive(options, read, sources, names);
          return { done: true, value: await work({ ...stores, live: found }) } as const;
        },
      );
      if (result.done) return result.value;
    }
  };
}

async function openStores(
  options: SnapshotOptions,
  needOf: (dataset: string) => HotNeed,
  wanted: readonly Dataset[],
  snapshot: ReadSnapshot,
): Promise<Stores> {
  const { db } = options;
  const { version, lake, prints } = snapshot;
  const cold = coldCatalogOf(db, options.datasets, lake);
  await assertNotRenamed(options, wanted, cold, prints);
  const hot = new Map<string, HotTable>();
  for (const dataset of wanted.filter(({ table }) => prints.has(formatTable(table)))) {
    const isAsked = needOf(dataset.name) === 'rows' || cold.emptyDatasets.includes(dataset.name);
    if (isAsked) {
      const table = await openTable(options, dataset, snapshot);
      hot.set(dataset.name, options.record?.watch(table) ?? table);
    }
  }
  if (options.record !== undefined) {
    const names = [...options.datasets, ...cold.datasets]
      .map(({ name }) => name)
      .filter((name, at, all) => all.indexOf(name) === at && needOf(name) !== 'nothing')
      .sort();
    options.record.stand(await readStanding(db, names, options.datasets), names);
  }
  return { version, cold, hot };
}

/** What is hot alone would pass for all of it, where the configuration has another name than the lake: one of before, or a new one. */
async function assertNotRenamed(
  { db, datasets: configured }: SnapshotOptions,
  wanted: readonly Dataset[],
  { datasets, emptyDatasets }: ColdCatalog,
  prints: ReadSnapshot['prints'],
): Promise<void> {
  const isConfigured = (name: string): boolean =>
    configured.some((dataset) => dataset.name === name);
  const hasOthers = datasets.some(({ name }) => !isConfigured(name));
  for (const dataset of wanted.filter(({ name }) => emptyDatasets.includes(name))) {
    const { name, table } = dataset;
    const now = await whoHadName(db, name);
    if (now !== null && datasets.some((other) => other.name === now)) {
      throw datasetRenamed(name, now);
    }
    const print = prints.get(formatTable(table));
    if (!hasOthers || print === undefined) continue;
    const { shape } = await knownTable(db, dataset, print);
    const { ofSameTable } = await findNamesInLake(db, name, await identifyTable(db, shape.oid));
    if (ofSameTable !== null && !isConfigured(ofSameTable.dataset)) {
      throw notYetRenamed(name, ofSameTable);
    }
  }
}

/** Rows of Redis as relations of PostgreSQL's, so that it compares and combines them as it does its own. */
async function openLive(
  options: SnapshotOptions,
  snapshot: ReadSnapshot,
  sources: readonly SettledSource[],
  { own, among }: LiveNames,
): Promise<LiveStores> {
  const tables = new Map<string, HotTable>();
  const after = new Map<string, HotTable>();
  for (const dataset of options.datasets) {
    const ofDataset = sources.filter((source) => source.dataset === dataset.name);
    const table = quoteTable(dataset.table);
    for (const { name, given, columns } of ofDataset.filter((one) => own.includes(one.name))) {
      const rows = given ?? `select * from ${table} where false`;
      tables.set(name, await openTable(options, dataset, snapshot, `(${rows}) as given`, columns));
    }
    const met = ofDataset.filter(({ name }) => among.includes(name));
    if (met.length === 0) continue;
    const relation = met.reduce((base, source) => source.after(base), table);
    const from = relation === table ? table : `${relation} as given`;
    after.set(dataset.name, await openTable(options, dataset, snapshot, from));
  }
  return { own: tables, after, read: sources };
}
