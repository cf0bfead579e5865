/** What a query needs of both stores, of one snapshot: chosen segments, and hot rows that are copied. */

import type { EstimateParts } from '../lake/segment-files.ts';
import type { RowSource } from './answer/row-source.ts';
import { type ChosenDataset, chooseDatasets, datasetsOf, wantsHot } from './choose-datasets.ts';
import type { LoadedDataset, ViewedDatasets } from './create-views.ts';
import type { Engine } from './engine.ts';
import { type HotRows, type HotSide, loadFewRows, loadHotRows } from './hot/hot-rows.ts';
import { loadNewerRows } from './hot/newer-rows.ts';
import { loadOrderedRows } from './hot/ordered-rows.ts';
import { liveNamesOf } from './live/live-names.ts';
import { liveNotes } from './live/live-notes.ts';
import { loadLive } from './live/load-live.ts';
import { type PartedQuery, partQuery } from './partials/load-parts.ts';
import type { Progress } from './progress.ts';
import { type DatasetPlan, planDataset } from './query-plan.ts';
import type { QueryRequest, QueryRooms } from './query-request.ts';
import type { ColdCatalog, ColdDataset, SegmentRef, TimeHull } from './segments/cold-catalog.ts';
import { emptyQuery } from './segments/empty-query.ts';
import { listedOnce } from './segments/listed-once.ts';
import { chooseSegments } from './segments/segment-filter.ts';
import { findSides, type NamedSides, type Sides } from './segments/sides.ts';
import { admitSources } from './sql/admit-sources.ts';
import { needsNoRow } from './sql/no-rows.ts';
import type { FilledQuery } from './sql/parameters.ts';
import { type AstObject, foldName } from './sql/sql-ast.ts';
import type { HotNeed } from './stores.ts';
import { noteTextComparisons } from './text-numbers.ts';

export interface LoadedQuery {
  /** Which of them it needs. */
  readonly views: Pick<ViewedDatasets, 'others' | 'named'>;
  /** Over what was loaded. */
  readonly sql: string;
  /** The answer itself, where it takes no engine to make it. */
  readonly ordered: RowSource | null;
}

/**
 * With `explain` it is planned and nothing is loaded.
 *
 * @param begun when the engine's transaction has begun
 */
export async function loadQuery(
  { engine, begun }: { readonly engine: Engine; readonly begun: Promise<void> },
  query: FilledQuery,
  request: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<LoadedQuery> {
  const { explain } = request;
  const { statement } = query;
  const sides = findSides(statement);
  const needOf = (dataset: string): HotNeed => {
    if (wantsHot(sides, dataset)) return 'rows';
    return sides.named.has(foldName(dataset)) ? 'columns' : 'nothing';
  };
  const names = liveNamesOf(rooms.live, sides);
  if (names.all.length > 0) progress.isRepeatable = false;
  if (explain && names.all.length > 0) {
    progress.waiting = (await rooms.live?.count(names.all)) ?? [];
  }
  const columnsOnly = explain || needsNoRow(statement) || names.columnsOnly;
  return rooms.inSnapshot(
    needOf,
    async (found) => {
      await begun;
      const stores = explain ? { ...found, cold: listedOnce(found.cold) } : found;
      progress.version = stores.version;
      const all = datasetsOf(stores);
      admitSources(statement, [...all.map(({ name }) => name), ...names.own]);
      progress.known = { datasets: all, emptyDatasets: stores.cold.emptyDatasets };
      const chosen = await chooseDatasets(engine.connection, stores, statement, sides);
      const { live = null } = stores;
      progress.notes = [
        ...noteTextComparisons(statement, chosen, stores.hot),
        ...(live === null ? [] : liveNotes(live.read, names.among.length > 0)),
      ];
      if (live !== null) progress.loadedLive = await loadLive(engine, columnsOnly, live.own);
      if (live !== null && !columnsOnly) progress.live = live.read;
      const asked = { engine, query, sides, catalog: stores.cold, chosen, all };
      if (explain) return planOnly(asked, rooms.estimateParts ?? null, progress);
      if (needsNoRow(statement)) return loadNothing(asked, progress);
      const ordered = mayBeOrdered(request) ? await loadOrdered(asked, progress) : null;
      return ordered ?? loadChosen(asked, progress);
    },
    { ...names, columnsOnly },
  );
}

/** A question, and what it names in the snapshot. */
interface Asked {
  readonly engine: Engine;
  readonly query: FilledQuery;
  readonly sides: Sides;
  readonly catalog: ColdCatalog;
  readonly chosen: readonly ChosenDataset[];
  readonly all: readonly ColdDataset[];
}

/** Reads no row. */
async function planOnly(
  asked: Asked,
  estimateParts: EstimateParts | null,
  progress: Progress,
): Promise<LoadedQuery> {
  const { engine, query, catalog, chosen, all } = asked;
  const { plans } = await partQuery(engine, query, chosen, () => Promise.resolve(false));
  const planned: DatasetPlan[] = [];
  for (const one of chosen) {
    const parts = plans.get(one.place) ?? null;
    planned.push(await planDataset(engine, query.statement, catalog, one, parts, estimateParts));
  }
  progress.plan = planned;
  return { views: { others: all, named: null }, sql: query.sql, ordered: null };
}

/** Names and types are known without any row: nothing of either store is read for them. */
function loadNothing({ query, chosen, all }: Asked, progress: Progress): LoadedQuery {
  const nothing = { segments: [], hotRows: null, newer: null, parts: null };
  progress.loaded = chosen.map((one) => ({ ...one, ...nothing }));
  return { views: { others: without(all, chosen), named: null }, sql: query.sql, ordered: null };
}

/** Where the rows go from here to whoever reads them, and none of their columns is hidden. */
function mayBeOrdered({ format, output, page }: QueryRequest): boolean {
  return format !== 'parquet' && 'sink' in output && (page?.hidden ?? 0) === 0;
}

/** Null where PostgreSQL alone can't answer. */
async function loadOrdered(
  { engine, query, catalog, chosen }: Asked,
  progress: Progress,
): Promise<LoadedQuery | null> {
  const [one, ...more] = chosen;
  const { hot = null, asItIs = null } = one ?? {};
  if (one === undefined || hot === null || asItIs !== null || more.length > 0) return null;
  const ordered = await loadOrderedRows(engine, query.statement, { ...one, hot });
  if (ordered === null) return null;
  const { rows, source, bound } = ordered;
  const met = bound === null ? [] : await chooseSegments(engine.connection, catalog, one, bound);
  if (met.length > 0) return null;
  const hotRows = { rows, query: emptyQuery(one.schema), bound };
  progress.loaded = [{ ...one, segments: [], hotRows, newer: null, parts: null }];
  return { views: { others: [], named: null }, sql: query.sql, ordered: source };
}

async function loadChosen(asked: Asked, progress: Progress): Promise<LoadedQuery> {
  const { engine, query, sides, chosen, all } = asked;
  const few = new Map<string, HotRows>();
  const parted = await partQuery(engine, query, chosen, async (one) => {
    const rows = await loadFewRows(engine, query.statement, one);
    if (rows !== null) few.set(one.place, rows);
    return rows !== null;
  });
  progress.loaded = await loadAll(asked, { parted, few });
  const { sql } = parted;
  // What is made of parts has views of its own.
  if (sql === query.sql && namesOnly(sides, all)) {
    return { views: { others: [], named: sides.named }, sql, ordered: null };
  }
  return { views: { others: without(all, chosen), named: null }, sql, ordered: null };
}

function without(
  all: readonly ColdDataset[],
  chosen: readonly ChosenDataset[],
): readonly ColdDataset[] {
  return all.filter(({ name }) => !chosen.some(({ dataset }) => dataset.name === name));
}

/** What is read of hot sides, beside the segments. */
interface HotReads {
  readonly parted: PartedQuery;
  /** By their place, the rows that are here already. */
  readonly few: ReadonlyMap<string, HotRows>;
}

async function loadAll(
  { engine, query: { statement }, catalog, chosen }: Asked,
  reads: HotReads,
): Promise<readonly LoadedDataset[]> {
  const loaded: LoadedDataset[] = [];
  for (const one of chosen) {
    const { hot } = one;
    const segmentsIn = async (within: TimeHull | null): Promise<readonly SegmentRef[]> =>
      one.isColdWanted ? chooseSegments(engine.connection, catalog, one, within) : [];
    if (hot === null) {
      const segments = await segmentsIn(null);
      loaded.push({ ...one, segments, hotRows: null, newer: null, parts: null });
    } else {
      loaded.push(await loadBoth(engine, statement, { ...one, hot }, reads, segmentsIn));
    }
  }
  return loaded;
}

/**
 * The hot side, as PostgreSQL's parts where all of the query is made of these, else as rows. Then the segments:
 * where the hot rows say that no older or newer ones are needed, these are not even listed.
 */
async function loadBoth(
  engine: Engine,
  statement: AstObject,
  one: HotSide,
  { parted, few }: HotReads,
  segmentsIn: (within: TimeHull | null) => Promise<readonly SegmentRef[]>,
): Promise<LoadedDataset> {
  const fetched = few.get(one.place) ?? null;
  const parts = fetched === null ? await parted.load(one) : null;
  const plan = parted.plans.get(one.place);
  const reason = plan !== undefined && 'notInParts' in plan ? plan.notInParts : undefined;
  const hotRows =
    parts === null ? (fetched ?? (await loadHotRows(engine, statement, one, reason))) : null;
  const segments = await segmentsIn(hotRows?.bound ?? null);
  const newer = await loadNewerRows(engine, { ...one, segments });
  const { asItIs = null, place } = one;
  const hotAsItIs =
    asItIs === null
      ? null
      : await loadHotRows(engine, statement, { ...one, hot: asItIs, place: `own_${place}` });
  return { ...one, segments, hotRows, newer, parts, hotAsItIs };
}

/** Whether a query names these datasets and sources by their names, and no other table at all. */
function namesOnly({ opaque, named }: Sides, datasets: readonly ColdDataset[]): boolean {
  const known = new Set(datasets.map(({ name }) => foldName(name)));
  const isOther = ([name, { both, hotAlone, coldAlone }]: [string, NamedSides]): boolean =>
    (both || hotAlone || coldAlone) && !known.has(name);
  return !opaque && ![...named].some(isOther);
}
