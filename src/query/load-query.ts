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
import type { ColdCatalog, ColdDataset, TimeHull } from './segments/cold-catalog.ts';
import { listedOnce } from './segments/listed-once.ts';
import { chooseSegments } from './segments/segment-filter.ts';
import { findSides } from './segments/sides.ts';
import { admitSources } from './sql/admit-sources.ts';
import type { FilledQuery } from './sql/parameters.ts';
import { type AstObject, foldName } from './sql/sql-ast.ts';
import { looksOnly } from './sql/statement.ts';
import type { HotNeed } from './stores.ts';
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
        const plan: DatasetPlan[] = [];
        for (const one of chosen) {
          const parts = parted.plans.get(one) ?? null;
          plan.push(await planDataset(engine, statement, stores.cold, one, parts));
        }
        progress.plan = plan;
        return { others: all, sql: asked.sql };
      }
      progress.loaded = await loadAll(engine, statement, stores.cold, chosen, parted);
      const others = all.filter(({ name }) => !chosen.some(({ dataset }) => dataset.name === name));
      return { others, sql: parted.sql };
    },
    { ...names, columnsOnly },
  );
}

/**
 * The hot side of each: as PostgreSQL's parts where all of the query is made of these, else as rows. Then its
 * segments: where the hot rows say that no older or newer ones are needed, these are not even listed.
 */
async function loadAll(
  engine: Engine,
  statement: AstObject,
  catalog: ColdCatalog,
  chosen: readonly ChosenDataset[],
  parted: PartedQuery,
): Promise<readonly LoadedDataset[]> {
  const loaded: LoadedDataset[] = [];
  for (const one of chosen) {
    const { hot } = one;
    const segmentsIn = (within: TimeHull | null) =>
      one.isColdWanted ? chooseSegments(engine.connection, catalog, one, within) : [];
    if (hot === null || looksOnly(statement)) {
      const segments = await segmentsIn(null);
      loaded.push({ ...one, segments, hotRows: null, newer: null, parts: null });
      continue;
    }
    const plan = parted.plans.get(one);
    const reason = plan !== undefined && 'notInParts' in plan ? plan.notInParts : undefined;
    const parts = await parted.load(one);
    const hotRows =
      parts === null
        ? await loadHotRows(engine, statement, { ...one, hot }, loaded.length, reason)
        : null;
    const segments = await segmentsIn(hotRows?.bound ?? null);
    const newer = await loadNewerRows(engine, { ...one, segments, hot }, loaded.length);
    const { asItIs = null } = one;
    const hotAsItIs =
      asItIs === null
        ? null
        : await loadHotRows(engine, statement, { ...one, hot: asItIs }, -1 - loaded.length);
    loaded.push({ ...one, segments, hotRows, newer, parts, hotAsItIs });
  }
  return loaded;
}
