/** What is known of the dataset that a SELECT reads, and how the parts of its answer are called. */
import type { ConditionScope } from '../exact/read-condition.ts';
import type { HotTable } from '../stores.ts';

export interface SelectScope extends ConditionScope {
  readonly hot: Pick<HotTable, 'texts' | 'timeColumn' | 'isTimed'>;
}

/** The parts of both sides together, as the SELECT over them calls it. */
export const PARTS = 'tierd parts';
export const keyName = (index: number): string => `tierd key ${String(index)}`;
export const partName = (index: number): string => `tierd part ${String(index)}`;

/** What PostgreSQL aggregated of one SELECT. */
export interface LoadedParts {
  readonly rows: number;
}
