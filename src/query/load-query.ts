/** What a query needs of both stores, of one snapshot: chosen segments, and hot rows that are copied. */
import { type ChosenDataset, chooseDatasets, datasetsOf, wantsHot } from './choose-datasets.ts';
import type { LoadedDataset } from './create-views.ts';
import type { Engine } from './engine.ts';
import { loadHotRows } from './hot/hot-rows.ts';
import { loadNewerRows } from './hot/newer-rows.ts';
import { liveNamesOf } from './live/live-names.ts';
import { liveNotes } from './live/live-notes.ts';
import { loadLive } from './live/load-live.ts';
import { type PartedQuery, partQuery } from './partials/load-parts.ts';
import type { Progress } from './progress.ts';
import { type DatasetPlan, planDataset } from './query-plan.ts';
import type { QueryRequest, QueryRooms } from './query-request.ts';
import type { ColdCatalog, ColdDataset, SegmentRef, TimeHull } from './segments/cold-catalog.ts';
import { listedOnce } from './segments/listed-once.ts';
import { chooseSegments } from './segments/segment-filter.ts';
import { findSides } from './segments/sides.ts';
import { admitSources } from './sql/admit-sources.ts';
import type { FilledQuery } from './sql/parameters.ts';
import { type AstObject, foldName } from './sql/sql-ast.ts';
import { looksOnly } from './sql/statement.ts';
import type { HotNeed, HotTable } from './stores.ts';
import { noteTextComparisons } from './text-numbers.ts';

export interface LoadedQuery {
  /** The datasets that it does not name. */
  readonly others: readonly ColdDataset[];
  /** Over what was loaded. */
  readonly sql: string;
}

/** With `explain` it is planned and nothing is loaded. */
export async function loadQuery(
  engine: Engine,
  asked: FilledQuery,
  { explain }: QueryRequest,
  rooms: QueryRooms,
  progress: Progress,
): Promise<LoadedQuery> {
  const { statement } = asked;
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
  const columnsOnly = explain || looksOnly(statement) || names.columnsOnly;
  return rooms.inSnapshot(
    needOf,
    async (found) => {
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
      const parted = await partQuery(engine, asked, chosen);
      if (explain) {
        progress.plan = await planAll(engine, statement, stores.cold, chosen, parted);
        return { others: all, sql: asked.sql };
      }
      progress.loaded = await loadAll(engine, statement, stores.cold, chosen, parted);
      const others = all.filter(({ name }) => !chosen.some(({ dataset }) => dataset.name === name));
      return { others, sql: parted.sql };
    },
    { ...names, columnsOnly },
  );
}

async function planAll(
  engine: Engine,
  statement: AstObject,
  catalog: ColdCatalog,
  chosen: readonly ChosenDataset[],
  { plans }: PartedQuery,
): Promise<readonly DatasetPlan[]> {
  const planned: DatasetPlan[] = [];
  for (const one of chosen) {
    planned.push(await planDataset(engine, statement, catalog, one, plans.get(one) ?? null));
  }
  return planned;
}

async function loadAll(
  engine: Engine,
  statement: AstObject,
  catalog: ColdCatalog,
  chosen: readonly ChosenDataset[],
  parted: PartedQuery,
): Promise<readonly LoadedDataset[]> {
  const loaded: LoadedDataset[] = [];
  for (const one of chosen) {
    const segmentsIn = async (within: TimeHull | null): Promise<readonly SegmentRef[]> =>
      one.isColdWanted ? chooseSegments(engine.connection, catalog, one, within) : [];
    if (one.hot === null || looksOnly(statement)) {
      const segments = await segmentsIn(null);
      loaded.push({ ...one, segments, hotRows: null, newer: null, parts: null });
    } else {
      const both = { hot: one.hot, parted, number: loaded.length, segmentsIn };
      loaded.push(await loadBoth(engine, statement, one, both));
    }
  }
  return loaded;
}

interface BothSides {
  readonly hot: HotTable;
  readonly parted: PartedQuery;
  /** By which its tables in the engine are named. */
  readonly number: number;
  readonly segmentsIn: (within: TimeHull | null) => Promise<readonly SegmentRef[]>;
}

/**
 * The hot side, as PostgreSQL's parts where all of the query is made of these, else as rows. Then the segments:
 * where the hot rows say that no older or newer ones are needed, these are not even listed.
 */
async function loadBoth(
  engine: Engine,
  statement: AstObject,
  one: ChosenDataset,
  { hot, parted, number, segmentsIn }: BothSides,
): Promise<LoadedDataset> {
  const plan = parted.plans.get(one);
  const reason = plan !== undefined && 'notInParts' in plan ? plan.notInParts : undefined;
  const parts = await parted.load(one);
  const hotRows =
    parts === null ? await loadHotRows(engine, statement, { ...one, hot }, number, reason) : null;
  const segments = await segmentsIn(hotRows?.bound ?? null);
  const newer = await loadNewerRows(engine, { ...one, segments, hot }, number);
  const { asItIs = null } = one;
  const hotAsItIs =
    asItIs === null
      ? null
      : await loadHotRows(engine, statement, { ...one, hot: asItIs }, -1 - number);
  return { ...one, segments, hotRows, newer, parts, hotAsItIs };
}
