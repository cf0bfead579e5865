/** PostgreSQL's parts of a query's aggregates, beside the query that is made of them and of the cold rows. */

import { StagingTable } from '../../lake/segment/staging-table.ts';
import type { ChosenDataset } from '../choose-datasets.ts';
import { createViews } from '../create-views.ts';
import type { Engine } from '../engine.ts';
import type { HotSide } from '../hot/hot-rows.ts';
import type { AstObject } from '../sql/sql-ast.ts';
import { type PlannedParts, planParts } from './plan-parts.ts';
import { type PlacedSelect, rewriteQuery } from './rewrite-query.ts';
import type { LoadedParts } from './select-scope.ts';

export interface PartedQuery {
  /** The query over the parts; as it was where there are none. */
  readonly sql: string;
  /** By the place of a dataset. */
  readonly plans: ReadonlyMap<string, PlannedParts>;
  load(chosen: ChosenDataset): Promise<readonly LoadedParts[] | null>;
}

/**
 * Plans the parts of every dataset whose hot side is asked, and the query over them.
 *
 * @param isFetched whether so few of its rows are asked that they are here already
 */
export async function partQuery(
  engine: Engine,
  { sql, statement }: { readonly sql: string; readonly statement: AstObject },
  chosen: readonly ChosenDataset[],
  isFetched: (one: HotSide) => Promise<boolean>,
): Promise<PartedQuery> {
  const plans = new Map<string, PlannedParts>();
  const placed = new Map<PlacedSelect, StagingTable>();
  for (const one of chosen) {
    const { hot } = one;
    if (hot === null) continue;
    const plan = await planParts(engine.connection, statement, one, hot);
    plans.set(one.place, plan);
    if (!('selects' in plan) || (await isFetched({ ...one, hot }))) continue;
    for (const select of plan.selects) {
      const table = `p${String(placed.size)}`;
      const staged = await StagingTable.create(engine.staging, table, select.columns);
      placed.set({ ...select, dataset: one.dataset.name, table: `hot_rows.${table}` }, staged);
    }
  }
  const rewritten =
    placed.size === 0
      ? null
      : await rewriteSafely(engine, { sql, statement }, chosen, [...placed.keys()]);
  if (rewritten === null) {
    for (const [place, plan] of plans) {
      if ('selects' in plan)
        plans.set(place, { notInParts: 'the engine can’t be asked for it in parts' });
    }
    for (const staged of placed.values()) await staged.drop();
    return { sql, plans, load: () => Promise.resolve(null) };
  }
  return {
    sql: rewritten,
    plans,
    load: (one) => loadParts(one, placed),
  };
}

/**
 * Only a query whose columns are called and typed as before stands in for it: both are bound to views
 * without rows. Null where it is not so, or the query itself can't be bound.
 */
async function rewriteSafely(
  { scratch }: Engine,
  { sql, statement }: { readonly sql: string; readonly statement: AstObject },
  chosen: readonly ChosenDataset[],
  selects: readonly PlacedSelect[],
): Promise<string | null> {
  await scratch.run('begin');
  try {
    const empty = chosen.map((one) => ({
      ...one,
      segments: [],
      hotRows: null,
      newer: null,
      parts: null,
    }));
    await createViews(scratch, { loaded: empty, others: [], live: [], named: null }, () => '');
    const rewritten = await rewriteQuery(scratch, statement, selects);
    if (rewritten === null) return null;
    const isSame = (await shapeOf(scratch, rewritten)) === (await shapeOf(scratch, sql));
    return isSame ? rewritten : null;
  } catch {
    // What is wrong with the query is told when it is bound to its rows.
    return null;
  } finally {
    await scratch.run('rollback');
  }
}

async function shapeOf(scratch: Engine['scratch'], sql: string): Promise<string> {
  const prepared = await scratch.prepare(sql);
  try {
    const columns = Array.from({ length: prepared.columnCount }, (_, index) => [
      prepared.columnName(index),
      String(prepared.columnType(index)),
    ]);
    return JSON.stringify(columns);
  } finally {
    prepared.destroySync();
  }
}

async function loadParts(
  { dataset, hull, hot }: ChosenDataset,
  placed: ReadonlyMap<PlacedSelect, StagingTable>,
): Promise<readonly LoadedParts[] | null> {
  const own = [...placed].filter(([select]) => select.dataset === dataset.name);
  if (hot === null || own.length === 0) return null;
  const loaded: LoadedParts[] = [];
  for (const [{ columns, condition, parted }, staged] of own) {
    const keys = parted.keys.length;
    const rows = await hot.aggregate({
      columns,
      keys,
      condition,
      hull,
      onBatch: (batch) => {
        staged.append(batch);
        return undefined;
      },
    });
    staged.close();
    loaded.push({ rows });
  }
  return loaded;
}
