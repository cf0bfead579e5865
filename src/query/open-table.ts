/** A dataset's table as a query reads it: rows and aggregates, as of one snapshot. */
import type pg from 'pg';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { planColumns } from '../domain/columns/plan-columns.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { assignFieldIds, withFieldIds } from '../domain/lake/field-ids.ts';
import { identityOf, type RowIdentity } from '../domain/plan/row-identity.ts';
import { formatTable } from '../domain/table.ts';
import { exportRows, type SessionRow } from '../hot/copy/copy-stream.ts';
import { estimateRows } from '../hot/measure/estimate-rows.ts';
import { quoteName, quoteTable } from '../hot/quote.ts';
import { inlined, join } from '../hot/sql.ts';
import { readColumnPlaces } from '../hot/table/column-places.ts';
import { listColumns } from '../ledger/columns.ts';
import type { AnswerRecord } from './cache/answer-record.ts';
import { hotCondition } from './hot/hot-condition.ts';
import { type KnownTable, knownTable } from './known-tables.ts';
import type { ReadSnapshot } from './read-snapshot.ts';
import { FEW_ROWS, type HotTable, type HotWish, type PartsWish } from './stores.ts';

export interface TableOptions {
  readonly db: pg.Client;
  readonly maxHotRows: number;
  /** Up to so many are brought over where PostgreSQL could aggregate them; as many as are soon here, unless given. */
  readonly fewRows?: number;
  readonly signal: AbortSignal;
  /** Told what the answer comes from, where it may be kept. */
  readonly record?: AnswerRecord;
}

/**
 * @param from what is read in place of the table
 * @param only the columns that it has; all unless given
 */
export async function openTable(
  options: TableOptions,
  dataset: Dataset,
  { session, prints }: Pick<ReadSnapshot, 'session' | 'prints'>,
  from = quoteTable(dataset.table),
  only: readonly string[] | null = null,
): Promise<HotTable> {
  const { db } = options;
  const known = await knownTable(db, dataset, prints.get(formatTable(dataset.table)) ?? null);
  const table = known.shape;
  const { columns, refusals } = planColumns(
    table.columns.filter(({ name }) => only === null || only.includes(name)),
    dataset.columns,
    dataset.portable,
  );
  const [refusal] = refusals;
  if (refusal !== undefined) {
    throw new TierdError({
      code: 'TABLE_UNSUPPORTED',
      message: `the hot rows of ${dataset.name} can't be read exactly: column ${refusal.column} (${refusal.postgresType}): ${refusal.reason}`,
      hint: `${refusal.hint.replace('<name>', dataset.name)}; cold.${dataset.name} alone can be asked`,
    });
  }
  const { timeColumn } = table;
  const conditionOf = ({
    hull,
    predicate,
    first,
  }: Pick<HotWish, 'hull' | 'predicate' | 'first'>): string => {
    if (first === undefined) return inlined(hotCondition(columns, timeColumn, hull, predicate));
    // All of the predicate is in it: twice, and PostgreSQL would take it for rarer than it is.
    const within = hotCondition(columns, timeColumn, hull, { kind: 'any' });
    const all = inlined(join([within, first.condition], ' and '));
    return `${all} order by ${quoteName(timeColumn.name)} ${first.order} fetch first ${String(first.rows)} rows with ties`;
  };
  const selectOf = (wish: Omit<HotWish, 'onBatch'>): string => {
    const list = wish.columns.map(({ select }) => select).join(', ');
    return `select ${list} from ${from} where ${conditionOf(wish)}`;
  };
  const partsConditionOf = ({ hull, condition }: Pick<PartsWish, 'hull' | 'condition'>): string =>
    inlined(join([hotCondition(columns, timeColumn, hull, { kind: 'any' }), condition], ' and '));
  const fromOf = (wish: Omit<PartsWish, 'onBatch'>): string =>
    `from ${from} where ${partsConditionOf(wish)}`;
  const partsOf = (wish: Omit<PartsWish, 'onBatch'>): string => {
    const list = wish.columns.map(({ select }) => select).join(', ');
    const keys = Array.from({ length: wish.keys }, (_, index) => String(index + 1)).join(', ');
    return `select ${list} ${fromOf(wish)}${keys === '' ? '' : ` group by ${keys}`}`;
  };
  return {
    table: formatTable(table.ref),
    columns,
    timeColumn,
    texts: {
      order: session['server_encoding'] === 'UTF8' ? 'by UTF-8' : 'by other bytes',
      folded: new Set(table.columns.filter(({ foldsTexts }) => foldsTexts).map((one) => one.name)),
    },
    isTimed: table.columns.some(({ name, notNull }) => name === timeColumn.name && notNull),
    aggregate: async (wish) => {
      const groups = await readRows(
        { ...options, session },
        dataset,
        { ...wish, notInParts: TOO_MANY_GROUPS },
        partsOf(wish),
      );
      // A count of no rows is a row.
      const rows = `select ${fromOf(wish)}`;
      if (options.record !== undefined) options.record.note(rows, await findSome(db, rows));
      return groups;
    },
    explainAggregate: async (wish) => ({
      condition: partsConditionOf(wish),
      estimatedRows: await estimateRows(db, partsOf(wish)),
    }),
    identify: () => identify(db, dataset, known, columns),
    read: async (wish) => {
      const select = selectOf(wish);
      const rows = await readRows({ ...options, session }, dataset, wish, select);
      options.record?.note(select, rows);
      return rows;
    },
    readFew: async (wish) => {
      const select = selectOf(wish);
      const rows = await readFew({ ...options, session }, dataset, wish, select);
      if (rows !== null) options.record?.note(select, rows);
      return rows;
    },
    explain: async (wish) => ({
      condition: conditionOf(wish),
      estimatedRows: await estimateRows(db, selectOf(wish)),
    }),
  };
}

/** @returns 1 where the SELECT has a row */
async function findSome(db: pg.Client, select: string): Promise<number> {
  const found = await db.query<{ found: boolean }>(`select exists (${select}) as found`);
  return found.rows[0]?.found === false ? 0 : 1;
}

const TOO_MANY_GROUPS = 'it has as many groups';

/** As a rotation will know them. */
async function identify(
  db: pg.Client,
  { name, onColdDuplicate }: Dataset,
  { shape: { oid, timeColumn }, rowKeys }: KnownTable,
  columns: readonly ColumnPlan[],
): Promise<RowIdentity | null> {
  if (onColdDuplicate !== 'newest') return null;
  const keys = await rowKeys();
  if (keys.length === 0) return null;
  const fields = assignFieldIds(await listColumns(db, name), await readColumnPlaces(db, oid));
  return identityOf(keys, withFieldIds(columns, fields), timeColumn.name);
}

async function readRows(
  { db, maxHotRows, signal, session }: TableOptions & { readonly session: SessionRow },
  { name }: Dataset,
  { columns, notInParts, onBatch }: Pick<HotWish, 'columns' | 'notInParts' | 'onBatch'>,
  select: string,
): Promise<number> {
  let read = 0;
  const { rows } = await exportRows({
    client: db,
    dataset: name,
    sql: select,
    columns,
    onBatch: (batch) => {
      read += batch.rows;
      if (read > maxHotRows) throw tooMany(name, maxHotRows, notInParts);
      return onBatch(batch);
    },
    session,
    signal,
  });
  return rows;
}

/** Null where there are more than a few, and where the rows as they are can't be held: an aggregate of them may be. */
async function readFew(
  options: TableOptions & { readonly session: SessionRow },
  dataset: Dataset,
  wish: HotWish,
  select: string,
): Promise<number | null> {
  const { db } = options;
  const few = Math.min(options.fewRows ?? FEW_ROWS, options.maxHotRows);
  const limited = { ...options, maxHotRows: few + 1 };
  await db.query('savepoint few');
  try {
    const rows = await readRows(limited, dataset, wish, `${select} limit ${String(few + 1)}`);
    return rows > few ? null : rows;
  } catch (error) {
    if (!(error instanceof TierdError) || error.code !== 'VALUE_NOT_HELD') throw error;
    await db.query('rollback to savepoint few');
    return null;
  }
}

function tooMany(dataset: string, limit: number, notInParts: string | undefined): TierdError {
  const why =
    notInParts === undefined ? '' : `; PostgreSQL could not aggregate them: ${notInParts}`;
  return new TierdError({
    code: 'HOT_ROWS_EXCEEDED',
    message: `the query needs more than ${String(limit)} rows of ${dataset} that are in PostgreSQL${why}; nothing was answered`,
    hint: `narrow it by the time column or a text or whole-number column, ask for aggregates that PostgreSQL can compute (docs/query.md names them), ask cold.${dataset} alone, or raise query.max_hot_rows`,
    context: { dataset, limit },
  });
}
