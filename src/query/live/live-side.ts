/** What waits in Redis, as a query needs it. It is read beside the snapshot, and before it: see `jobs/drain/waiting-rows`. */
import type pg from 'pg';

export interface LiveSide {
  readonly sources: readonly LiveSourceName[];
  /** Whether a dataset's name means what waits for it as well. */
  readonly isWith: boolean;
  /**
   * Reads all that waits in these sources, outside of any transaction.
   *
   * @param columnsOnly asks PostgreSQL alone, and finds no row
   */
  look(db: pg.Client, names: readonly string[], columnsOnly: boolean): Promise<LiveLook>;
  /** Only counts it, and asks nothing else. */
  count(names: readonly string[]): Promise<readonly LiveCount[]>;
}

export interface LiveSourceName {
  readonly name: string;
  readonly dataset: string;
  /** Whether a drain of all sources would take it: else it is read by its own name alone. */
  readonly isEnabled: boolean;
}

export interface LiveLook {
  /** In the transaction of the snapshot, once it is taken. */
  settle(db: pg.Client): Promise<readonly SettledSource[]>;
}

export interface LiveCount {
  readonly source: string;
  readonly entries: number;
  /** Redis', without its password. */
  readonly place: string;
}

/** As of the snapshot. */
export interface SettledSource {
  readonly name: string;
  readonly dataset: string;
  readonly rows: number;
  /** Would be no rows, but dead letters. */
  readonly deadLetters: number;
  /** Something was drained meanwhile: another look may see all of it once. */
  readonly isUnsure: boolean;
  /** Whether a row that was drained meanwhile would then be there twice. */
  readonly mayBeTwice: boolean;
  /** Columns that the source does not fill and whose values are known only once it is drained. */
  readonly unknownColumns: readonly string[];
  /** Those that it fills. */
  readonly columns: readonly string[];
  /** A SELECT of its rows; null where there is none. */
  readonly given: string | null;
  /** The table after a drain, over the table or the relation that `base` is. */
  after(base: string): string;
}

/** What a query is told of a source that it read. */
export type LiveRead = Pick<SettledSource, 'name' | 'rows' | 'deadLetters'> &
  Partial<Pick<SettledSource, 'mayBeTwice' | 'unknownColumns'>>;
