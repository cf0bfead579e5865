/**
 * The same choice of segments as the engine makes, for conditions that need no engine: texts, which it
 * compares by their bytes, and days and instants of the time column.
 */

import { plainText, plainTime } from '../sql/plain-literal.ts';
import { type Comparison, comparisonsIn, type Predicate } from '../sql/predicate.ts';
import type { ColdDataset, SegmentRef } from './cold-catalog.ts';
import { mayHold } from './null-filter.ts';
import type { ViewSchema } from './view-schema.ts';

/** Whether a segment can hold a row that passes. */
type MayMatch = (segment: SegmentRef) => boolean;

/** The texts of a column's smallest and largest value in a segment; null where that is not known. */
export type TextBounds = (
  segment: SegmentRef,
  column: string,
) => { readonly min: string | null; readonly max: string | null };

/** Null where one of the comparisons takes the engine. */
export function plainFilter(
  dataset: ColdDataset,
  schema: ViewSchema,
  predicate: Predicate,
  boundsOf: TextBounds,
): MayMatch | null {
  const filters = new Map<Comparison, MayMatch>();
  for (const comparison of comparisonsIn(predicate)) {
    const filter = filterOf(dataset, schema, comparison, boundsOf);
    if (filter === null) return null;
    filters.set(comparison, filter);
  }
  return joined(predicate, filters, schema);
}

function joined(
  predicate: Predicate,
  filters: ReadonlyMap<Comparison, MayMatch>,
  schema: ViewSchema,
): MayMatch {
  switch (predicate.kind) {
    case 'any':
      return () => true;
    case 'compare':
      return filters.get(predicate) ?? (() => true);
    case 'null':
      return (segment) => mayHold(segment, predicate, schema);
    case 'and': {
      const parts = predicate.of.map((part) => joined(part, filters, schema));
      return (segment) => parts.every((part) => part(segment));
    }
    case 'or': {
      const parts = predicate.of.map((part) => joined(part, filters, schema));
      return (segment) => parts.some((part) => part(segment));
    }
  }
}

function filterOf(
  { timeColumn }: ColdDataset,
  schema: ViewSchema,
  { column, asDate, operator, constant }: Comparison,
  boundsOf: TextBounds,
): MayMatch | null {
  const type = schema.get(column) ?? '';
  if (column === timeColumn?.name) {
    const time = timeColumn.unit === undefined ? plainTime(constant, asDate ? 'DATE' : type) : null;
    if (time === null) return null;
    const ofDay = asDate || type === 'DATE';
    return ({ minTimeUs, maxTimeUs }) =>
      holds(operator, {
        min: compare(ofDay ? dayOf(minTimeUs) : minTimeUs, time.us),
        max: compare(ofDay ? dayOf(maxTimeUs) : maxTimeUs, time.us),
      });
  }
  const text = type === 'VARCHAR' && !asDate ? plainText(constant) : null;
  if (text === null) return null;
  const bytes = Buffer.from(text);
  return (segment) => {
    const { min, max } = boundsOf(segment, column);
    return holds(operator, {
      min: min === null ? null : Buffer.compare(Buffer.from(min), bytes),
      max: max === null ? null : Buffer.compare(Buffer.from(max), bytes),
    });
  };
}

/** How the bounds stand to the constant: less than 0 where they are below it. Null rules nothing out. */
interface Standing {
  readonly min: number | null;
  readonly max: number | null;
}

function holds(operator: Comparison['operator'], { min, max }: Standing): boolean {
  switch (operator) {
    case '=':
      return (min ?? 0) <= 0 && (max ?? 0) >= 0;
    case '<':
      return (min ?? -1) < 0;
    case '<=':
      return (min ?? -1) <= 0;
    case '>':
      return (max ?? 1) > 0;
    case '>=':
      return (max ?? 1) >= 0;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const DAY_US = 86_400_000_000n;

/** Its first instant. */
function dayOf(us: bigint): bigint {
  const beyond = us % DAY_US;
  return us - (beyond < 0n ? beyond + DAY_US : beyond);
}
