/** Looks at ledger, catalogue and the table that rows come back into, and plans. Changes nothing (I7). */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { ownTimeColumn } from '../../domain/lake/own-time-column.ts';
import { guardDisk } from '../../domain/plan/lake-guards.ts';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { mapColumns } from '../../domain/plan/restore-columns.ts';
import { refuseExchangedLabels } from '../../domain/plan/restore-labels.ts';
import {
  type PlannedSlice,
  type RestorePlan,
  refusePartial,
} from '../../domain/plan/restore-plan.ts';
import { sqlLiteral, sqlTable } from '../../domain/sql-name.ts';
import { formatTable, type Part, type TableDescription } from '../../domain/table.ts';
import { rangesOverlap } from '../../domain/time/time-range.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { findMakeHazards } from '../../hot/write/make-hazards.ts';
import { compressedChunks, findRestoreHazards } from '../../hot/write/restore-hazards.ts';
import { findSlicesOf, type LiveSlice, listLiveSlices } from '../../ledger/replaced-slices.ts';
import { countInSlice } from '../count-in-slice.ts';
import type { ReadCondition } from '../deletion/rooms.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { FieldIds } from '../rotation/plan/field-ids.ts';
import { throughTemporary } from './bring-in.ts';
import { findGiven } from './find-given.ts';
import { findHeld } from './held.ts';
import { findMissingPartitions } from './missing-partitions.ts';
import { withPinEnd } from './pin-end.ts';
import { restoreNotes } from './restore-notes.ts';
import type {
  LookingRestoreRooms,
  RestoreContext,
  RestoreRequest,
  RestoreWish,
  SliceWork,
} from './rooms.ts';
import { lookAtTarget, type Target } from './target.ts';

export interface GatheredRestore {
  readonly plan: RestorePlan;
  /** With the end of the pins, where nobody had said it. */
  readonly request: RestoreRequest;
  /** The dataset's own. */
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
  readonly mappedTo: RestoreContext['mappedTo'];
  readonly work: readonly SliceWork[];
  /** Of the condition that chooses rows; null where there is none. */
  readonly whereSha256: string | null;
}

/**
 * All facts are of one snapshot. Files are read after it has ended, and only where a condition chooses rows: under
 * the lease nobody changes them, and without it only a plan is made.
 *
 * Throws TABLE_NOT_FOUND, TABLE_UNSUPPORTED and what `describeTable` throws; QUERY_INVALID, QUERY_NOT_ALLOWED,
 * LAKE_UNREADABLE.
 */
export async function gatherRestore(
  rooms: LookingRestoreRooms,
  db: pg.Client,
  dataset: Dataset,
  wish: RestoreWish,
  signal: AbortSignal,
): Promise<GatheredRestore> {
  const doing = `planning the restore of ${dataset.name}`;
  const found = await inPlanningSnapshot(rooms.settings, db, doing, async () => {
    const request = await withPinEnd(rooms, db, dataset, wish);
    return { request, ...(await lookAtAll(rooms, db, dataset, request)) };
  });
  const { condition, target, hazards, work: whole, ...known } = found;
  const work =
    condition === null ? whole : await chooseRows(rooms, { ...found, condition }, signal);
  const freeBytes = await rooms.store.freeBytes();
  const plan = planOf(dataset, found.request, target, work, { hazards, freeBytes });
  const mappedTo = target.table ?? known.table;
  return { ...known, plan, mappedTo, work, whereSha256: sha256Of(condition) };
}

async function lookAtAll(
  rooms: LookingRestoreRooms,
  db: pg.Client,
  dataset: Dataset,
  request: RestoreRequest,
) {
  const { timeUnit } = dataset;
  const { where, span } = request;
  const table = await describeTable(db, dataset.table, dataset.timeColumn, timeUnit);
  const { columns, fieldIds } = await gatherColumns(db, dataset, table);
  const target = await lookAtTarget(db, dataset, table, request, fieldIds);
  const { timeColumn } = table;
  const condition =
    where === null ? null : await rooms.readCondition(db, { where, span, columns, timeColumn });
  const slices = await findSlices(db, dataset, request, condition);
  const work = await planSlices(rooms, db, dataset, request, {
    ...{ target, slices, condition, labels: fieldIds.labels },
  });
  const hazards = await hazardsOf(db, table, request, target, work);
  return { table, columns, fieldIds, target, condition, work, hazards };
}

function findSlices(
  db: pg.Client,
  { name }: Dataset,
  { span }: RestoreRequest,
  condition: ReadCondition | null,
): Promise<readonly LiveSlice[]> {
  if (condition !== null) return findSlicesOf(db, name, condition.candidates);
  const [from, to] = [BigInt(span.fromInclusive) * 1000n, BigInt(span.toExclusive) * 1000n - 1n];
  return listLiveSlices(db, name, from, to);
}

/** Those of the slices that have such rows, with how many. */
async function chooseRows(
  rooms: LookingRestoreRooms,
  found: Pick<Awaited<ReturnType<typeof lookAtAll>>, 'table' | 'columns' | 'work'> & {
    readonly condition: ReadCondition;
  },
  signal: AbortSignal,
): Promise<readonly SliceWork[]> {
  const { table, columns: own, condition, work } = found;
  const { engine } = rooms;
  const chosen: SliceWork[] = [];
  for (const { slice, planned, ...one } of work) {
    const { columns } = slice;
    const timeColumn = ownTimeColumn(table.timeColumn, own, columns);
    const choice = { engine, condition, columns, timeColumn, signal };
    const { rows } = await countInSlice(rooms, choice, slice);
    if (rows === 0) continue;
    const isAll = rows === slice.fingerprint.rows;
    chosen.push({ ...one, slice, planned: { ...planned, rows }, choice: isAll ? null : choice });
  }
  return chosen;
}

async function planSlices(
  rooms: Pick<LookingRestoreRooms, 'clock'>,
  db: pg.Client,
  dataset: Dataset,
  request: RestoreRequest,
  {
    target,
    slices: found,
    condition,
    labels,
  }: {
    readonly target: Target;
    readonly slices: readonly LiveSlice[];
    readonly condition: ReadCondition | null;
    readonly labels: FieldIds['labels'];
  },
): Promise<readonly SliceWork[]> {
  const given =
    request.into === null || target.table === null
      ? null
      : await findGiven(db, dataset.name, target.table, found, sha256Of(condition));
  const ranges = found.map(({ range }) => range);
  const missingOf =
    target.table === null
      ? () => ({ partitions: [], refusals: [] })
      : await findMissingPartitions(db, dataset, target.table, ranges);
  const compressedOf = await findCompressed(db, target);
  const heldOf = await findHeld(rooms, db, dataset, request);
  return found
    .toSorted(
      (a, b) => a.range.fromInclusive - b.range.fromInclusive || Number(a.id) - Number(b.id),
    )
    .map((slice) => {
      const mapped = mapColumns(slice.columns, slice.fingerprint, target.columns);
      const { isThere = false, refusals = [] } = given?.get(slice.id) ?? {};
      const missing = missingOf(slice.range);
      const obstacles = [
        ...mapped.refusals,
        ...refuseExchangedLabels(mapped.pairs, slice.fingerprint, labels),
        ...heldOf(slice),
        ...compressedOf(slice),
        ...missing.refusals,
        ...refusals,
      ];
      const planned = plannedOf(slice, isThere, missing.partitions, obstacles);
      return { slice, mapped, planned, choice: null };
    });
}

/** By which a table is known that was given these rows: the condition itself may name a person. */
function sha256Of(condition: ReadCondition | null): string | null {
  return condition === null ? null : createHash('sha256').update(condition.sql).digest('hex');
}

function plannedOf(
  { id, range, fingerprint, segments }: LiveSlice,
  isThere: boolean,
  partitions: PlannedSlice['partitions'],
  obstacles: readonly Refusal[],
): PlannedSlice {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return {
    id,
    range,
    rows: fingerprint.rows,
    allRows: fingerprint.rows,
    bytes,
    segments: segments.length,
    isThere,
    partitions,
    obstacles,
  };
}

async function findCompressed(
  db: pg.Client,
  { table }: Target,
): Promise<(slice: LiveSlice) => readonly Refusal[]> {
  if (table === null) return () => [];
  const compressed = await compressedChunks(db, table);
  return ({ range }) =>
    table.parts
      .filter((part) => compressed.has(part.oid) && rangesOverlap(part.range, range))
      .map(refuseCompressed);
}

function refuseCompressed({ ref }: Part): Refusal {
  return {
    guard: 'compressed_chunk',
    message: `chunk ${formatTable(ref)} is compressed, and what was written into it could not be told from what it had`,
    hint: `select decompress_chunk(${sqlLiteral(sqlTable(ref))}); then run again`,
    forceable: false,
  };
}

function planOf(
  dataset: Dataset,
  { span, where, into, pinUntil }: RestoreRequest,
  target: Target,
  work: readonly SliceWork[],
  {
    hazards,
    freeBytes,
  }: { readonly hazards: readonly Refusal[]; readonly freeBytes: number | null },
): RestorePlan {
  const slices = work.map(({ planned }) => planned);
  const due = slices.filter(({ isThere }) => !isThere);
  return {
    dataset: dataset.name,
    span,
    where,
    target: target.name,
    keepsCold: into !== null,
    pinUntil,
    slices,
    rows: due.reduce((sum, { rows }) => sum + rows, 0),
    bytes: due.reduce((sum, { bytes }) => sum + bytes, 0),
    // A condition chooses rows of the span alone.
    refusals: [
      ...(where === null ? refusePartial(span, slices) : []),
      ...guardDisk('the slices of which some rows come back', bytesSplit(work, into), {
        freeBytes,
        minFreeBytes: dataset.limits.minFreeBytes,
      }),
      ...hazards,
    ],
    notes: restoreNotes(target, work, slices.length - due.length),
  };
}

/** Of slices that become two in the lake. */
function bytesSplit(work: readonly SliceWork[], into: RestoreRequest['into']): number {
  if (into !== null) return 0;
  return work.reduce((sum, { choice, planned }) => sum + (choice === null ? 0 : planned.bytes), 0);
}

async function hazardsOf(
  db: pg.Client,
  own: TableDescription,
  { span, into }: RestoreRequest,
  { table }: Target,
  work: readonly SliceWork[],
): Promise<readonly Refusal[]> {
  if (work.every(({ planned }) => planned.isThere)) return [];
  if (table === null) return into === null ? [] : findMakeHazards(db, into);
  return findRestoreHazards(db, table, table.kind, {
    oldest: work[0]?.planned.range.fromInclusive ?? span.fromInclusive,
    throughTemporary: work.some(({ mapped }) => throughTemporary(mapped.pairs)),
    sharedWith: into === null ? null : own,
  });
}
