/** The two sides of a table as of one instant, as a query needs them. Tests make them up. */
import type { ColumnBatch } from '../domain/columns/column-batch.ts';
import type { ColumnPlan } from '../domain/columns/column-plan.ts';
import type { SnapshotVersion } from '../domain/lake/snapshot-version.ts';
import type { RowIdentity } from '../domain/plan/row-identity.ts';
import type { TimeColumn } from '../domain/table.ts';
import type { Sql } from '../hot/sql.ts';
import type { HotPredicate } from './hot/hot-predicate.ts';
import type { LiveNames } from './live/live-names.ts';
import type { LiveRead } from './live/live-side.ts';
import type { ColdCatalog, TimeHull } from './segments/cold-catalog.ts';

/** As many are sooner brought over than PostgreSQL could be asked to aggregate them. */
export const FEW_ROWS = 1_000;

/** The hot rows of a dataset. */
export interface HotTable {
  /** `schema.table`, for messages. */
  readonly table: string;
  /** All columns, typed as the next rotation would hold them. */
  readonly columns: readonly ColumnPlan[];
  readonly timeColumn: TimeColumn;
  readonly texts: TextRules;
  /** No row is without a time. */
  readonly isTimed: boolean;
  /**
   * By what a row is known that the lake has too, where the one here counts as the newer. Null where
   * both count, or where nothing tells.
   */
  identify(): Promise<RowIdentity | null>;
  /**
   * Reads rows in the snapshot, at least those that pass. @returns how many
   *
   * @throws TierdError HOT_ROWS_EXCEEDED, STATEMENT_TIMEOUT, and whatever an export throws
   */
  read(wish: HotWish): Promise<number>;
  /**
   * Reads them only where they are few: sooner brought over than aggregated. Null where there are more, of
   * which some may have come.
   *
   * @throws what `read` throws, but for HOT_ROWS_EXCEEDED
   */
  readFew(wish: HotWish): Promise<number | null>;
  /** What `read` would ask for. Reads no row. */
  explain(wish: Omit<HotWish, 'onBatch'>): Promise<HotExplanation>;
  /**
   * Aggregates rows in the snapshot, exactly those that pass. @returns how many groups there are
   *
   * @throws TierdError HOT_ROWS_EXCEEDED for more groups than rows might be read, and what `read` throws
   */
  aggregate(wish: PartsWish): Promise<number>;
  /** What `aggregate` would ask for. Reads no row. */
  explainAggregate(wish: Omit<PartsWish, 'onBatch'>): Promise<HotExplanation>;
}

/** How PostgreSQL compares texts, where DuckDB compares their UTF-8. */
export interface TextRules {
  /** By `collate "C"`. */
  readonly order: 'by UTF-8' | 'by other bytes';
  /** Columns in which texts of other bytes can be equal. */
  readonly folded: ReadonlySet<string>;
}

/** Expressions and a condition of PostgreSQL's. */
export interface PartsWish {
  /** Keys first, and then aggregates; each `select` is its expression. */
  readonly columns: readonly ColumnPlan[];
  readonly keys: number;
  readonly condition: Sql;
  /** Adds nothing to the condition: it helps to find the rows. */
  readonly hull: TimeHull;
  readonly onBatch: TakeBatch;
}

export interface HotExplanation {
  /** As PostgreSQL is asked it. */
  readonly condition: string;
  /** By PostgreSQL's planner. */
  readonly estimatedRows: number;
}

export interface HotWish {
  /** In the order of the batches' columns; a part of the table's. */
  readonly columns: readonly ColumnPlan[];
  readonly hull: TimeHull;
  readonly predicate: HotPredicate;
  /** No more than these are needed; the condition holds for all of them. */
  readonly first?: {
    readonly order: 'asc' | 'desc';
    readonly rows: number;
    readonly condition: Sql;
  };
  /** For the message when there are too many: why they were not aggregated where they lie. */
  readonly notInParts?: string;
  readonly onBatch: TakeBatch;
}

/** The batch is lent until it returns, or its promise settles. */
export type TakeBatch = (batch: ColumnBatch) => Promise<void> | undefined;

/** What was asked for of Redis, as of the snapshot. */
export interface LiveStores {
  /** By the name of a source: its rows. */
  readonly own: ReadonlyMap<string, HotTable>;
  /** By dataset: its table as a drain would leave it. */
  readonly after: ReadonlyMap<string, HotTable>;
  readonly read: readonly LiveRead[];
}

export interface Stores {
  readonly version: SnapshotVersion;
  readonly cold: ColdCatalog;
  /**
   * By dataset, of those only whose hot side was asked for, or that have no other: their columns are those
   * of the table.
   */
  readonly hot: ReadonlyMap<string, HotTable>;
  /** Null where Redis was not asked. */
  readonly live?: LiveStores | null;
}

/** `columns`: only if the lake has none of it, and then without its rows. */
export type HotNeed = 'rows' | 'columns' | 'nothing';

/**
 * Runs `work` with both stores as one PostgreSQL snapshot has them (I2): no row is in both, none in
 * neither, whatever is moved meanwhile. The snapshot ends with `work`.
 *
 * @param needOf what may be read of a dataset's table
 * @param live which sources are read, before the snapshot is taken
 */
export type InSnapshot = <Result>(
  needOf: (dataset: string) => HotNeed,
  work: (stores: Stores) => Promise<Result>,
  live?: LiveNames,
) => Promise<Result>;
