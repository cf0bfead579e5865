/** Looks at ledger, catalogue and the table that rows come back into, and plans. Changes nothing (I7). */
import type pg from 'pg';
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import { agree, countOf } from '../../domain/count.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { withFieldIds } from '../../domain/lake/field-ids.ts';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { mapColumns, type TargetColumn } from '../../domain/plan/restore-columns.ts';
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
import { findTable, targetColumns } from '../../hot/write/restore-target.ts';
import { type LiveSlice, listLiveSlices } from '../../ledger/replaced-slices.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import { type FieldIds, gatherFieldIds } from '../rotation/plan/field-ids.ts';
import { throughTemporary } from './bring-in.ts';
import { findGiven } from './find-given.ts';
import { findMissingPartitions } from './missing-partitions.ts';
import type { RestoreRequest, RestoreRooms, SliceWork } from './rooms.ts';

export interface GatheredRestore {
  readonly plan: RestorePlan;
  /** The dataset's own. */
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
  readonly work: readonly SliceWork[];
}

/** All facts are of one snapshot. Throws TABLE_NOT_FOUND, TABLE_UNSUPPORTED and what `describeTable` throws. */
export async function gatherRestore(
  { settings }: Pick<RestoreRooms, 'settings'>,
  db: pg.Client,
  dataset: Dataset,
  request: RestoreRequest,
): Promise<GatheredRestore> {
  const doing = `planning the restore of ${dataset.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { timeColumn, timeUnit } = dataset;
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    const fieldIds = await gatherFieldIds(db, dataset.name, table);
    const planned = planColumns(table.columns, dataset.columns, dataset.portable);
    const held = fieldIds.fields.filter(({ name }) =>
      planned.columns.some((plan) => plan.name === name),
    );
    const columns = withFieldIds(planned.columns, held);
    const target = await lookAtTarget(db, dataset, table, request, fieldIds);
    const work = await planSlices(db, dataset, request, target);
    const plan = await planOf(db, table, dataset, request, target, work);
    return { plan, table, columns, fieldIds, work };
  });
}

interface Target {
  /** Of the table that rows go into; null where it has yet to be made. */
  readonly table: TableDescription | null;
  readonly name: string;
  readonly columns: readonly TargetColumn[];
}

async function lookAtTarget(
  db: pg.Client,
  dataset: Dataset,
  own: TableDescription,
  { into }: RestoreRequest,
  { fields }: FieldIds,
): Promise<Target> {
  const ids = new Map(fields.map(({ name, fieldId }) => [name, fieldId]));
  const ownColumns = await targetColumns(db, own.oid, ids);
  if (into === null) return { table: own, name: formatTable(own.ref), columns: ownColumns };
  if ((await findTable(db, into)) === null) {
    // LIKE makes ordinary columns of those that are computed here.
    const columns = ownColumns.map((column) => ({ ...column, generated: false }));
    return { table: null, name: formatTable(into), columns };
  }
  const table = await describeTable(db, into, dataset.timeColumn, dataset.timeUnit);
  const byName = await targetColumns(db, table.oid, null);
  // A copy of the table as it is now was made by its field ids, and is gone on with by them.
  const columns = haveSameColumns(byName, ownColumns)
    ? await targetColumns(db, table.oid, ids)
    : byName;
  return { table, name: formatTable(into), columns };
}

function haveSameColumns(some: readonly TargetColumn[], others: readonly TargetColumn[]): boolean {
  const listed = (columns: readonly TargetColumn[]): string =>
    JSON.stringify(columns.map(({ name, typeName }) => [name, typeName]));
  return listed(some) === listed(others);
}

async function planSlices(
  db: pg.Client,
  dataset: Dataset,
  { span, into }: RestoreRequest,
  target: Target,
): Promise<readonly SliceWork[]> {
  const found = await listLiveSlices(
    db,
    dataset.name,
    BigInt(span.fromInclusive) * 1000n,
    BigInt(span.toExclusive) * 1000n - 1n,
  );
  const given =
    into === null || target.table === null
      ? null
      : await findGiven(db, dataset.name, target.table, found);
  const obstaclesOf = await findObstacles(db, target);
  return found
    .toSorted(
      (a, b) => a.range.fromInclusive - b.range.fromInclusive || Number(a.id) - Number(b.id),
    )
    .map((slice) => {
      const mapped = mapColumns(slice.columns, slice.fingerprint, target.columns);
      const { isThere = false, refusals = [] } = given?.get(slice.id) ?? {};
      const obstacles = [...mapped.refusals, ...obstaclesOf(slice), ...refusals];
      return { slice, mapped, planned: plannedOf(slice, isThere, obstacles) };
    });
}

function plannedOf(
  { id, range, fingerprint, segments }: LiveSlice,
  isThere: boolean,
  obstacles: readonly Refusal[],
): PlannedSlice {
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return {
    id,
    range,
    rows: fingerprint.rows,
    bytes,
    segments: segments.length,
    isThere,
    obstacles,
  };
}

async function findObstacles(
  db: pg.Client,
  { table }: Target,
): Promise<(slice: LiveSlice) => readonly Refusal[]> {
  if (table === null) return () => [];
  const compressed = await compressedChunks(db, table);
  const missing = await findMissingPartitions(db, table);
  return ({ range }) => [
    ...table.parts
      .filter((part) => compressed.has(part.oid) && rangesOverlap(part.range, range))
      .map(refuseCompressed),
    ...missing(range),
  ];
}

function refuseCompressed({ ref }: Part): Refusal {
  return {
    guard: 'compressed_chunk',
    message: `chunk ${formatTable(ref)} is compressed, and what was written into it could not be told from what it had`,
    hint: `select decompress_chunk(${sqlLiteral(sqlTable(ref))}); then run again`,
    forceable: false,
  };
}

async function planOf(
  db: pg.Client,
  own: TableDescription,
  dataset: Dataset,
  { span, into, pinUntil }: RestoreRequest,
  target: Target,
  work: readonly SliceWork[],
): Promise<RestorePlan> {
  const slices = work.map(({ planned }) => planned);
  const due = slices.filter(({ isThere }) => !isThere);
  const oldest = slices[0]?.range.fromInclusive ?? span.fromInclusive;
  const staged = work.some(({ mapped }) => throughTemporary(mapped.pairs));
  const hazards =
    due.length === 0
      ? []
      : await hazardsOf(db, target, {
          into,
          oldest,
          throughTemporary: staged,
          sharedWith: into === null ? null : own,
        });
  return {
    dataset: dataset.name,
    span,
    target: target.name,
    keepsCold: into !== null,
    pinUntil,
    slices,
    rows: due.reduce((sum, { rows }) => sum + rows, 0),
    bytes: due.reduce((sum, { bytes }) => sum + bytes, 0),
    refusals: [...refusePartial(span, slices), ...hazards],
    notes: notesOf(target, work, slices.length - due.length),
  };
}

async function hazardsOf(
  db: pg.Client,
  { table }: Target,
  {
    into,
    ...rows
  }: Parameters<typeof findRestoreHazards>[3] & { readonly into: RestoreRequest['into'] },
): Promise<readonly Refusal[]> {
  if (table !== null) return findRestoreHazards(db, table, table.kind, rows);
  return into === null ? [] : findMakeHazards(db, into);
}

function notesOf(target: Target, work: readonly SliceWork[], there: number): readonly string[] {
  const notes: string[] = [];
  const defaulted = new Set(work.flatMap(({ mapped }) => mapped.defaulted));
  if (defaulted.size > 0) {
    notes.push(
      `columns that are younger than the rows get their default: ${[...defaulted].join(', ')}`,
    );
  }
  const gone = new Set(
    work.flatMap(({ mapped }) =>
      mapped.pairs.flatMap(({ plan, target: column }) => (column === null ? [plan.name] : [])),
    ),
  );
  if (gone.size > 0) {
    notes.push(
      `columns that the table has no more hold nothing but nulls: ${[...gone].join(', ')}`,
    );
  }
  if (target.table === null) notes.push(`${target.name} is not there and will be made`);
  if (there > 0) {
    notes.push(
      `${countOf(there, 'slice')} ${agree(there, 'was', 'were')} copied into ${target.name} by an earlier run and ${agree(there, 'is', 'are')} left out; to copy them once more, name another table`,
    );
  }
  return notes;
}
