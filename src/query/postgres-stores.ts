/** Both stores in one PostgreSQL snapshot: the ledger's list of segments, and the rows themselves. */
import type pg from 'pg';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import { planColumns } from '../domain/columns/plan-columns.ts';
import type { Dataset } from '../domain/dataset.ts';
import { TierdError } from '../domain/errors.ts';
import { assignFieldIds, withFieldIds } from '../domain/lake/field-ids.ts';
import { identityOf, type RowIdentity } from '../domain/plan/row-identity.ts';
import { formatTable, type TimeColumn } from '../domain/table.ts';
import { exportRows } from '../hot/copy/copy-stream.ts';
import { estimateRows } from '../hot/measure/estimate-rows.ts';
import { quoteName, quoteTable } from '../hot/quote.ts';
import { lockForReading } from '../hot/read-lock.ts';
import { inlined, join, runOne, sql } from '../hot/sql.ts';
import { readColumnPlaces } from '../hot/table/column-places.ts';
import { describeShape, findExisting } from '../hot/table/introspect.ts';
import { listUniqueKeys } from '../hot/table/unique-key.ts';
import { inTransaction } from '../hot/transaction.ts';
import { listColumns } from '../ledger/columns.ts';
import { readSnapshotVersion } from '../ledger/snapshot-version.ts';
import type { AnswerRecord } from './cache/answer-record.ts';
import { readStanding } from './cache/standing.ts';
import { hotCondition } from './hot/hot-condition.ts';
import { openColdCatalog } from './segments/ledger-catalog.ts';
import type { HotTable, HotWish, InSnapshot, PartsWish, TextOrder } from './stores.ts';

export interface SnapshotOptions {
  readonly db: pg.Client;
  readonly datasets: readonly Dataset[];
  /** A statement that reads hot rows longer than this is ended: what would drop their chunk waits for it. */
  readonly maxHoldMs: number;
  /** Of one table. */
  readonly maxHotRows: number;
  readonly signal: AbortSignal;
  /** Told what the answer comes from, where it may be kept. */
  readonly record?: AnswerRecord;
}

export function postgresStores(options: SnapshotOptions): InSnapshot {
  const { db, maxHoldMs } = options;
  return async (needOf, work) => {
    const wanted = options.datasets.filter(({ name }) => needOf(name) !== 'nothing');
    const existing = await findExisting(
      db,
      wanted.map(({ table }) => table),
    );
    const present = wanted.filter(({ table }) => existing.has(formatTable(table)));
    return inTransaction(
      db,
      {
        doing: 'reading the hot rows of a query',
        isolation: 'repeatable read',
        readOnly: true,
        limits: { statementTimeoutMs: maxHoldMs, idleTimeoutMs: maxHoldMs },
      },
      async () => {
        // Before the snapshot, which the first query takes: a drop would not wait otherwise (I2).
        const read = present.filter(({ name }) => needOf(name) === 'rows');
        await lockForReading(
          db,
          read.map(({ table }) => table),
        );
        const version = await readSnapshotVersion(db);
        const cold = await openColdCatalog(db, options.datasets);
        const hot = new Map<string, HotTable>();
        for (const dataset of present) {
          const isAsked = read.includes(dataset) || cold.emptyDatasets.includes(dataset.name);
          if (isAsked) {
            const table = await openTable(options, dataset);
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
        return work({ version, cold, hot });
      },
    );
  };
}

async function openTable(options: SnapshotOptions, dataset: Dataset): Promise<HotTable> {
  const { db } = options;
  const table = await describeShape(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
  const { columns, refusals } = planColumns(table.columns, dataset.columns, dataset.portable);
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
    const condition = hotCondition(columns, timeColumn, hull, predicate);
    if (first === undefined) return inlined(condition);
    const all = inlined(join([condition, first.condition], ' and '));
    return `${all} order by ${quoteName(timeColumn.name)} ${first.order} fetch first ${String(first.rows)} rows with ties`;
  };
  const selectOf = (wish: Omit<HotWish, 'onBatch'>): string => {
    const list = wish.columns.map(({ select }) => select).join(', ');
    return `select ${list} from ${quoteTable(table.ref)} where ${conditionOf(wish)}`;
  };
  const partsConditionOf = ({ hull, condition }: Pick<PartsWish, 'hull' | 'condition'>): string =>
    inlined(join([hotCondition(columns, timeColumn, hull, { kind: 'any' }), condition], ' and '));
  const fromOf = (wish: Omit<PartsWish, 'onBatch'>): string =>
    `from ${quoteTable(table.ref)} where ${partsConditionOf(wish)}`;
  const partsOf = (wish: Omit<PartsWish, 'onBatch'>): string => {
    const list = wish.columns.map(({ select }) => select).join(', ');
    const keys = Array.from({ length: wish.keys }, (_, index) => String(index + 1)).join(', ');
    return `select ${list} ${fromOf(wish)}${keys === '' ? '' : ` group by ${keys}`}`;
  };
  return {
    table: formatTable(table.ref),
    columns,
    timeColumn,
    textOrder: await readTextOrder(db),
    isTimed: table.columns.some(({ name, notNull }) => name === timeColumn.name && notNull),
    aggregate: async (wish) => {
      const groups = await readRows(
        options,
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
    identify: () => identify(db, dataset, table, columns),
    read: async (wish) => {
      const select = selectOf(wish);
      const rows = await readRows(options, dataset, wish, select);
      options.record?.note(select, rows);
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

/** By connection: a database has one encoding for as long as it is there. */
const textOrders = new WeakMap<pg.Client, TextOrder>();

async function readTextOrder(db: pg.Client): Promise<TextOrder> {
  const known = textOrders.get(db);
  if (known !== undefined) return known;
  const { encoding } = await runOne<{ encoding: string }>(
    db,
    sql`select current_setting('server_encoding') as encoding`,
  );
  const order = encoding === 'UTF8' ? 'by UTF-8' : 'by other bytes';
  textOrders.set(db, order);
  return order;
}

/** As a rotation will know them. */
async function identify(
  db: pg.Client,
  { name, onColdDuplicate }: Dataset,
  { oid, timeColumn }: { readonly oid: number; readonly timeColumn: TimeColumn },
  columns: readonly ColumnPlan[],
): Promise<RowIdentity | null> {
  if (onColdDuplicate !== 'newest') return null;
  const keys = await listUniqueKeys(db, oid);
  if (keys.length === 0) return null;
  const fields = assignFieldIds(await listColumns(db, name), await readColumnPlaces(db, oid));
  return identityOf(keys, withFieldIds(columns, fields), timeColumn.name);
}

async function readRows(
  { db, maxHotRows, signal }: SnapshotOptions,
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
      onBatch(batch);
      return undefined;
    },
    signal,
  });
  return rows;
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
