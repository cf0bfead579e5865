/** Which slices another table has already: it must not be given their rows a second time. */
import type pg from 'pg';
import { countOf } from '../../domain/count.ts';
import { type Acquaintance, isGiven } from '../../domain/plan/given-tables.ts';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import { formatRange, rangesOverlap, type TimeRange } from '../../domain/time/time-range.ts';
import { identifyTable } from '../../hot/table/table-identity.ts';
import { countRows } from '../../hot/write/restore-target.ts';
import type { LiveSlice } from '../../ledger/replaced-slices.ts';
import { type GivenSlice, listGivenSlices } from '../../ledger/restores.ts';

export interface Given {
  readonly isThere: boolean;
  readonly refusals: readonly Refusal[];
}

const NOT_GIVEN: Given = { isThere: false, refusals: [] };

type Met = GivenSlice & { readonly as: Acquaintance };

/** By the id of each of `slices`. Rows are counted only where the ledger can't tell which table it was. */
export async function findGiven(
  db: pg.Client,
  dataset: string,
  table: TableDescription,
  slices: readonly LiveSlice[],
  whereSha256: string | null,
): Promise<ReadonlyMap<string, Given>> {
  const target = { ref: table.ref, identity: await identifyTable(db, table.oid) };
  const met = (await listGivenSlices(db, dataset))
    .map((slice): Met => ({ ...slice, as: isGiven(slice.to, target) }))
    .filter(({ as }) => as !== 'other');
  const found = new Map<string, Given>();
  for (const slice of slices) {
    found.set(slice.id, await judge(db, table, slice, { met, slices, whereSha256 }));
  }
  return found;
}

interface Known {
  readonly met: readonly Met[];
  readonly slices: readonly LiveSlice[];
  readonly whereSha256: string | null;
}

async function judge(
  db: pg.Client,
  table: TableDescription,
  slice: LiveSlice,
  { met, slices, whereSha256 }: Known,
): Promise<Given> {
  const itself = met.filter(({ id }) => id === slice.id);
  const replaced = met.filter(({ isLive, range }) => !isLive && rangesOverlap(range, slice.range));
  // All of it, or what is asked for again.
  const isAll = (one: Met): boolean => one.whereSha256 === null || one.whereSha256 === whereSha256;
  if (itself.some((one) => one.as === 'same' && isAll(one))) {
    return { isThere: true, refusals: [] };
  }
  if (itself.some(({ as }) => as === 'same')) {
    return { isThere: false, refusals: [refuseOthers(table, slice.range)] };
  }
  if (replaced.some(({ as }) => as === 'same')) {
    return { isThere: false, refusals: [refuseGivenBefore(table, slice.range)] };
  }
  if (itself.length + replaced.length === 0) return NOT_GIVEN;
  const rows = await countRows(db, table, slice.range);
  if (rows === 0) return NOT_GIVEN;
  const wanted = rowsGiven(slice.range, met, slices);
  if (replaced.length === 0 && rows === wanted && itself.some(isAll)) {
    return { isThere: true, refusals: [] };
  }
  return { isThere: false, refusals: [refuseUnsure(table, slice.range, rows, wanted)] };
}

/** Late rows without a key are in slices of the same time. */
function rowsGiven(range: TimeRange, met: readonly Met[], slices: readonly LiveSlice[]): number {
  const ids = slices
    .filter(
      (slice) =>
        slice.range.fromInclusive === range.fromInclusive &&
        slice.range.toExclusive === range.toExclusive,
    )
    .map(({ id }) => id);
  const given = new Map(
    met
      .filter(({ id }) => ids.includes(id))
      .map(({ id, whereSha256, rows }) => [`${id} ${whereSha256 ?? ''}`, rows]),
  );
  return [...given.values()].reduce((sum, rows) => sum + rows, 0);
}

function refuseOthers({ ref }: TableDescription, range: TimeRange): Refusal {
  return {
    guard: 'given_before',
    message: `an earlier run copied rows of ${formatRange(range)} into ${formatTable(ref)} that were chosen otherwise, and some might be there twice`,
    hint: 'use --into another table',
    forceable: false,
  };
}

/** What was cold then and is no more may have become cold again, in this slice. */
function refuseGivenBefore({ ref }: TableDescription, range: TimeRange): Refusal {
  return {
    guard: 'given_before',
    message: `an earlier run copied rows of ${formatRange(range)} into ${formatTable(ref)}, and the lake holds them in other files since: they would be there twice`,
    hint: 'use --into another table',
    forceable: false,
  };
}

function refuseUnsure(
  { ref }: TableDescription,
  range: TimeRange,
  rows: number,
  wanted: number,
): Refusal {
  return {
    guard: 'given_before',
    message: `an earlier run copied rows of ${formatRange(range)} into a table that may be ${formatTable(ref)} (since then it was replaced, or the database came back from a dump), and it holds ${countOf(rows, 'row')} of that time, not the ${String(wanted)} that were copied: they might be there twice`,
    hint: 'use --into another table, or delete its rows of that time first',
    forceable: false,
  };
}
