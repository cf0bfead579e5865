/** What a query has to know of the lake. The ledger tells it; tests make it up. */

import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { SegmentFacts } from '../../domain/lake/segment-facts.ts';
import type { IntegerTimeUnit } from '../../domain/table.ts';

export interface ColdTimeColumn {
  readonly name: string;
  /** Only where the column is an integer. */
  readonly unit?: IntegerTimeUnit;
}

/** A column as it lies in a segment, by the name that it has now. */
export interface ColdColumn
  extends Pick<ColumnPlan, 'name' | 'duckdbType'>,
    Partial<Pick<ColumnPlan, 'held' | 'fieldId' | 'postgresType'>> {
  /** What the file and the segment's statistics call it, where that is another name. */
  readonly fileName?: string;
  /** What a query sees where that is more than the file says: JSON or a number of a text. */
  readonly viewType?: string;
}

/** Columns that segments of a dataset have in common; a changed table makes a further schema. */
export interface ColdSchema {
  readonly columns: readonly ColdColumn[];
  /** 0: it is the table's in PostgreSQL. */
  readonly segments: number;
  /** One of them, or the table, to be named in messages. */
  readonly exampleKey: string;
}

export interface ColdDataset {
  readonly name: string;
  /** Null when the configuration no longer knows the dataset: its time then prunes nothing. */
  readonly timeColumn: ColdTimeColumn | null;
  /** Whether the ledger's times of some segments are those of another column, or in another unit. */
  readonly isTimedOtherwise?: boolean;
  /** Of all live segments, oldest first: what a query may name does not depend on pruning. */
  readonly schemas: readonly ColdSchema[];
  /** No live segment has a row outside of it. Nothing is known unless given. */
  readonly span?: TimeHull;
}

/** A live segment. */
export interface SegmentRef extends SegmentFacts {
  readonly sha256: string;
  readonly columns: readonly ColdColumn[];
}

/** Microseconds since 1970; null is no bound. */
export interface TimeHull {
  readonly fromInclusiveUs: bigint | null;
  readonly toInclusiveUs: bigint | null;
}

export interface ColdCatalog {
  readonly datasets: readonly ColdDataset[];
  /** Configured, and nothing in the lake yet. */
  readonly emptyDatasets: readonly string[];
  /** The live segments of a dataset that have a row in the hull, oldest first. */
  listSegments(dataset: string, hull: TimeHull): Promise<readonly SegmentRef[]>;
}
