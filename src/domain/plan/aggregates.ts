/** What moving rows means for the continuous aggregates that TimescaleDB keeps over them. */

import { sqlLiteral, sqlTable } from '../sql-name.ts';
import {
  formatTable,
  type IntegerTimeUnit,
  type TableDescription,
  type TableRef,
  type TimeColumn,
} from '../table.ts';
import { type EpochMs, rangesOverlap } from '../time/time-range.ts';
import type { Refusal } from './refusal.ts';
import { EARLIEST_MS, type Region } from './regions.ts';

export interface ContinuousAggregate {
  readonly kind: 'continuous_aggregate';
  readonly view: TableRef;
  /** Rows before it are in the aggregate; null when that can't be found out. */
  readonly materializedUpTo: EpochMs | null;
  /** Nothing before it was ever aggregated, whatever lies later; null when all was. */
  readonly neverMaterializedBefore: EpochMs | null;
}

export interface RefreshPolicy {
  readonly kind: 'refresh_policy';
  readonly view: TableRef;
  readonly job: number;
  /** Its start_offset as configured; null reaches back without end. */
  readonly startOffset: string | null;
  /** Where its next refresh begins; null is the beginning of time. */
  readonly from: EpochMs | null;
}

interface Leaving {
  readonly first: EpochMs;
  readonly last: EpochMs;
}

/** An aggregate shows rows that it has taken up also when they are gone, and no others. */
export function judgeAggregate(
  table: TableDescription,
  hazard: ContinuousAggregate,
  regions: readonly Region[],
): Refusal | null {
  const leaving = leavingOf(table, regions);
  if (leaving === null) return null;
  const view = formatTable(hazard.view);
  const argument = sqlLiteral(sqlTable(hazard.view));
  const { materializedUpTo: upTo, neverMaterializedBefore: never } = hazard;
  const nothing = upTo === null || upTo <= EARLIEST_MS;
  if (nothing || leaving.last > upTo) {
    const reach = nothing ? 'has taken up nothing' : `reaches ${iso(upTo)}`;
    return {
      guard: 'continuous_aggregate',
      message: `continuous aggregate ${view} ${upTo === null ? 'does not tell how far it reaches' : reach}, and rows up to ${iso(leaving.last)} would leave`,
      // From its watermark on: what was moved lies before it, and a refresh over that deletes.
      hint: `call refresh_continuous_aggregate(${argument}, ${nothing ? 'null' : timeArgument(table.timeColumn, upTo)}, null)`,
      forceable: false,
    };
  }
  if (never === null || leaving.first >= never) return null;
  return {
    guard: 'continuous_aggregate',
    message: `continuous aggregate ${view} has never taken up rows before ${iso(never)}, and rows from ${iso(leaving.first)} on would leave`,
    hint: `call refresh_continuous_aggregate(${argument}, ${timeArgument(table.timeColumn, leaving.first)}, ${timeArgument(table.timeColumn, never)}), with a start as early as its first bucket; --force if it is to do without them`,
    forceable: true,
  };
}

/** Refreshing an aggregate over rows that are gone deletes what it had aggregated from them. */
export function judgeRefreshPolicy(
  table: TableDescription,
  hazard: RefreshPolicy,
  regions: readonly Region[],
): Refusal | null {
  const leaving = leavingOf(table, regions);
  if (leaving === null || (hazard.from !== null && leaving.last <= hazard.from)) return null;
  const view = formatTable(hazard.view);
  const reach =
    hazard.from === null
      ? 'everything (it has no start_offset)'
      : `what is younger than ${iso(hazard.from)} (start_offset ${hazard.startOffset ?? 'unknown'})`;
  return {
    guard: 'refresh_policy',
    message: `the refresh policy of ${view} (job ${String(hazard.job)}) aggregates ${reach} again, and rows up to ${iso(leaving.last)} would leave: what it had aggregated from them would be deleted`,
    hint: `select remove_continuous_aggregate_policy(${sqlLiteral(sqlTable(hazard.view))}), then add it with a start_offset that ends before rows leave: at most hot_days, or a day where hot_intervals is set; --force if the aggregate may lose them`,
    forceable: true,
  };
}

/** Where chunks are known, a region without any has no rows. */
function leavingOf(table: TableDescription, regions: readonly Region[]): Leaving | null {
  const holding = regions.filter(
    ({ range }) =>
      table.parts.length === 0 || table.parts.some((part) => rangesOverlap(part.range, range)),
  );
  if (holding.length === 0) return null;
  const oldest = table.parts[0]?.range.fromInclusive ?? EARLIEST_MS;
  return {
    first: Math.max(oldest, Math.min(...holding.map(({ range }) => range.fromInclusive))),
    last: Math.max(...holding.map(({ range }) => range.toExclusive)),
  };
}

const iso = (at: EpochMs): string => new Date(at).toISOString();

const PER_MS: Readonly<Record<IntegerTimeUnit, (ms: bigint) => bigint>> = {
  s: (ms) => ms / 1000n,
  ms: (ms) => ms,
  us: (ms) => ms * 1000n,
  ns: (ms) => ms * 1_000_000n,
};

/** As refresh_continuous_aggregate() takes it: of the time column's own type. */
export function timeArgument(time: TimeColumn, at: EpochMs): string {
  if (time.kind === 'integer') return PER_MS[time.unit ?? 's'](BigInt(at)).toString();
  if (time.kind === 'date') return `'${iso(at).slice(0, 10)}'`;
  return time.kind === 'timestamp' ? `'${iso(at).replace('Z', '')}'` : `'${iso(at)}'`;
}
