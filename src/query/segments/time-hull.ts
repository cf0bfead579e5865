/** The span of time outside of which a predicate can't be true. */

import type { Comparison, Predicate } from '../sql/predicate.ts';
import type { TimeHull } from './cold-catalog.ts';

const UNBOUNDED: TimeHull = { fromInclusiveUs: null, toInclusiveUs: null };

/**
 * @param instantOf what a comparison's constant is as an instant, in microseconds since 1970; null
 *   when the comparison is of another column or the constant is no instant
 */
export function hullOf(
  predicate: Predicate,
  instantOf: (comparison: Comparison) => bigint | null,
): TimeHull {
  switch (predicate.kind) {
    case 'any':
    case 'null':
      return UNBOUNDED;
    case 'compare':
      return hullOfComparison(predicate, instantOf(predicate));
    case 'and':
      return predicate.of.map((part) => hullOf(part, instantOf)).reduce(intersect, UNBOUNDED);
    case 'or':
      return predicate.of.map((part) => hullOf(part, instantOf)).reduce(enclose);
  }
}

const DAY_US = 86_400_000_000n;

/**
 * A microsecond is added on both sides: the constant may have been rounded to one. The hull only
 * asks the ledger for fewer segments, and each of these is looked at exactly afterwards.
 */
function hullOfComparison(comparison: Comparison, instant: bigint | null): TimeHull {
  if (instant === null) return UNBOUNDED;
  const from = instant - 1n;
  // A day compares as its first instant, and all of the day's instants compare as the day.
  const to = instant + (comparison.asDate ? DAY_US : 0n) + 1n;
  switch (comparison.operator) {
    case '=':
      return { fromInclusiveUs: from, toInclusiveUs: to };
    case '>':
    case '>=':
      return { fromInclusiveUs: from, toInclusiveUs: null };
    case '<':
    case '<=':
      return { fromInclusiveUs: null, toInclusiveUs: to };
  }
}

export function intersect(a: TimeHull, b: TimeHull): TimeHull {
  return {
    fromInclusiveUs: choose(a.fromInclusiveUs, b.fromInclusiveUs, (x, y) => x > y),
    toInclusiveUs: choose(a.toInclusiveUs, b.toInclusiveUs, (x, y) => x < y),
  };
}

/** Whether no instant is within both. */
export function areApart(a: TimeHull, b: TimeHull): boolean {
  const { fromInclusiveUs: from, toInclusiveUs: to } = intersect(a, b);
  return from !== null && to !== null && from > to;
}

function enclose(a: TimeHull, b: TimeHull): TimeHull {
  return {
    fromInclusiveUs: both(a.fromInclusiveUs, b.fromInclusiveUs, (x, y) => x < y),
    toInclusiveUs: both(a.toInclusiveUs, b.toInclusiveUs, (x, y) => x > y),
  };
}

/** The better of the two, or the only one there is. */
function choose(
  a: bigint | null,
  b: bigint | null,
  better: (x: bigint, y: bigint) => boolean,
): bigint | null {
  if (a === null || b === null) return a ?? b;
  return better(a, b) ? a : b;
}

/** The better of the two, or none where one is missing. */
function both(
  a: bigint | null,
  b: bigint | null,
  better: (x: bigint, y: bigint) => boolean,
): bigint | null {
  if (a === null || b === null) return null;
  return better(a, b) ? a : b;
}
