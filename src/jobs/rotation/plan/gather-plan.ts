/** Looks at catalogue, rows, lake and ledger, and lets the pure planner decide. Changes nothing (I7). */
import type pg from 'pg';
import { tableSchemaOf } from '../../../catalogue/table-schema.ts';
import type { ColumnPlan } from '../../../domain/columns/column-plan.ts';
import { assertNamedColumns } from '../../../domain/columns/named-columns.ts';
import type { Dataset } from '../../../domain/dataset.ts';
import { noteIrreconcilable, refuseChangedNumbers } from '../../../domain/lake/changed-types.ts';
import { refuseOtherTime } from '../../../domain/lake/time-of-segments.ts';
import { judgeHazards } from '../../../domain/plan/judge-hazards.ts';
import { type Surroundings, withObstacles } from '../../../domain/plan/part-hazards.ts';
import { holdBack } from '../../../domain/plan/pins.ts';
import {
  type MeasuredRegion,
  type PlannedAgain,
  planRotation,
  type RotationPlan,
} from '../../../domain/plan/plan.ts';
import type { Refusal } from '../../../domain/plan/refusal.ts';
import { cutoffsOf, type Region, regionsOf } from '../../../domain/plan/regions.ts';
import { refuseNewName } from '../../../domain/plan/renamed-dataset.ts';
import { identityOf, type RowIdentity } from '../../../domain/plan/row-identity.ts';
import { noteFrozenBuckets } from '../../../domain/plan/stale-aggregates.ts';
import type { TableDescription } from '../../../domain/table.ts';
import { DAY_MS, HOUR_MS, type TimeRange } from '../../../domain/time/time-range.ts';
import { assertZoneFits, tableClock } from '../../../domain/time/time-zone.ts';
import { findHazards } from '../../../hot/hazards/hazards.ts';
import { findPartHazards } from '../../../hot/hazards/part-hazards.ts';
import { measureSlices, measureTable, type TableFacts } from '../../../hot/measure/measure.ts';
import { readDatabaseClock, readReplicaLag } from '../../../hot/server/server-facts.ts';
import { findReferencedRows } from '../../../hot/table/foreign-keys.ts';
import { describeTable } from '../../../hot/table/introspect.ts';
import { listRowKeys } from '../../../hot/table/unique-key.ts';
import { findStaleAggregates } from '../../../hot/timescale/stale-aggregates.ts';
import { listColumns } from '../../../ledger/columns.ts';
import { findNamesInLake } from '../../../ledger/former-names.ts';
import { type LiveSchema, listColdRanges, listLiveSchemas } from '../../../ledger/live-segments.ts';
import { hasLedger, migrationStatus } from '../../../ledger/migrate.ts';
import { listPins } from '../../../ledger/pins.ts';
import { lastRunStart } from '../../../ledger/runs.ts';
import { gatherColumns } from '../../gather-columns.ts';
import { inPlanningSnapshot } from '../../planning-snapshot.ts';
import { type AgainLook, lookForAgain } from '../again/look-for-again.ts';
import { filterOf } from '../region-filter.ts';
import type { PlanningRooms } from '../rooms.ts';
import type { FieldIds } from './field-ids.ts';
import { findUnknowable } from './find-unknowable.ts';

export interface GatheredPlan {
  readonly plan: RotationPlan;
  readonly table: TableDescription;
  readonly columns: readonly ColumnPlan[];
  readonly fieldIds: FieldIds;
  readonly facts: TableFacts;
  /** Null where rows that come again can't be known, or both are to be kept. */
  readonly identity: RowIdentity | null;
}

/** All facts are of one snapshot, so that the figures of a plan agree with each other. */
export async function gatherPlan(
  rooms: PlanningRooms,
  db: pg.Client,
  dataset: Dataset,
): Promise<GatheredPlan> {
  const doing = `planning the rotation of ${dataset.name}`;
  return inPlanningSnapshot(rooms.settings, db, doing, async () => {
    const now = rooms.clock.now();
    const databaseNow = await readDatabaseClock(db);
    const table = await describeTable(db, dataset.table, dataset.timeColumn, dataset.timeUnit);
    assertNamedColumns(dataset, table);
    assertZoneFits(dataset, table);
    const tableNow = tableClock(dataset, now);
    const { columns, refusals, fieldIds } = await gatherColumns(db, dataset, table);
    const cutoffs = cutoffsOf(dataset, tableNow);
    const regions: MeasuredRegion[] = [];
    for (const region of regionsOf(table, cutoffs)) {
      regions.push(await measureRegion(db, dataset, table, region));
    }
    // A clock that ran ahead must not end a pin.
    const untilEnded = Math.min(now, databaseNow);
    const held = holdBack(dataset.name, regions, await listPins(db, dataset.name), untilEnded);
    const leaving = held.regions.filter((region) => region.slices.length > 0);
    const hazards = await findHazards(db, table);
    const verdict = judgeHazards(table, hazards, leaving);
    const withLedger = await hasLedger(db);
    const stale = await findStaleAggregates(db, table, {
      leaving: leaving.map(({ range }) => range),
      readCold: async () => (withLedger ? listColdRanges(db, dataset.name) : []),
    });
    const around: Surroundings = {
      table: hazards,
      parts: [
        ...(await findPartHazards(db, table)),
        ...stale,
        ...(await findReferencedRows(db, table, leaving, {
          filterOf: (lane) => filterOf(dataset, lane),
          stepMs: dataset.slice === 'hour' ? HOUR_MS : DAY_MS,
        })),
      ],
    };
    const facts = await measureTable(db, table, tableNow + dataset.limits.maxFutureMs);
    const identity = await findIdentity(db, dataset, table, columns);
    const again = await lookWhereKnown(rooms, db, { dataset, table, identity }, leaving);
    const schemas = await schemasOfOld(db, dataset);
    const earlier = schemas.map((schema) => schema.columns);
    const plan = planRotation({
      dataset,
      table,
      cutoffs,
      regions: held.regions,
      facts: {
        now,
        databaseNow,
        lastRunAt: withLedger ? await lastRunStart(db, 'rotate', dataset.name) : null,
        tableRows: facts.rows,
        tableBytes: facts.bytes,
        futureRows: facts.futureRows,
        furthestFuture: facts.furthestFuture,
        unsliceableRows: facts.unsliceableRows,
        freeBytes: await rooms.store.freeBytes(),
      },
      again,
      unknowable: await findUnknowable(db, { dataset, table, identity, leaving, again }),
      hazards: [
        ...refusals.map(
          (refusal): Refusal => ({
            guard: 'type_not_held',
            message: `column ${refusal.column} (${refusal.postgresType}) can't be held exactly: ${refusal.reason}`,
            hint: refusal.hint.replace('<name>', dataset.name),
            forceable: false,
          }),
        ),
        ...(dataset.portable ? refuseChangedNumbers(columns, earlier) : []),
        ...refuseOtherTime(dataset, schemas),
        ...(await refuseOtherName(db, dataset, fieldIds)),
        ...verdict.refusals,
      ],
      notes: [
        ...held.notes,
        ...noteIrreconcilable(dataset.name, columns, earlier),
        ...(await noteLeftOut(db, dataset, columns, earlier)),
        ...verdict.notes.map(({ message, hint }) => `${message}; ${hint}`),
        ...stale.flatMap((each) => noteFrozenBuckets(each, leavingSlices(leaving)) ?? []),
        ...(await hiddenReplicas(db, dataset)),
      ],
    });
    const judged = withObstacles(plan, table, around);
    return { plan: judged, table, columns, fieldIds, facts, identity };
  });
}

const leavingSlices = (leaving: readonly MeasuredRegion[]): readonly TimeRange[] =>
  leaving.flatMap(({ slices }) => slices.map(({ range }) => range));

/** Of each kind of segment that is live. */
async function schemasOfOld(db: pg.Client, { name }: Dataset): Promise<readonly LiveSchema[]> {
  if (!(await hasLedger(db))) return [];
  return (await listLiveSchemas(db)).filter(({ dataset }) => dataset === name);
}

async function refuseOtherName(
  db: pg.Client,
  { name }: Dataset,
  { fields }: FieldIds,
): Promise<readonly Refusal[]> {
  const table = fields[0]?.tableIdentity;
  const isReady = (await migrationStatus(db)).pending.length === 0;
  return table === undefined || !isReady
    ? []
    : refuseNewName(name, await findNamesInLake(db, name, table));
}

/** What engines that read the dataset's Iceberg table will not find in it. */
async function noteLeftOut(
  db: pg.Client,
  { name, iceberg }: Dataset,
  planned: readonly ColumnPlan[],
  earlier: readonly (readonly ColumnPlan[])[],
): Promise<readonly string[]> {
  if (!iceberg) return [];
  const known = (await hasLedger(db)) ? await listColumns(db, name) : [];
  return tableSchemaOf(known, planned, earlier).leftOut.map(
    ({ column, reason }) =>
      `the Iceberg table of ${name} has no column ${column}, for ${reason}; docs/iceberg.md says which types it holds`,
  );
}

/** Null where nobody could look. */
async function lookWhereKnown(
  { store, engine, tempDirectory, fileSystem }: PlanningRooms,
  db: pg.Client,
  { identity, ...what }: Pick<AgainLook, 'dataset' | 'table'> & Pick<GatheredPlan, 'identity'>,
  leaving: readonly MeasuredRegion[],
): Promise<PlannedAgain | null> {
  const isEquipped =
    engine !== undefined && tempDirectory !== undefined && fileSystem !== undefined;
  if (identity === null || !isEquipped || !(await hasLedger(db))) return null;
  const rooms = { store, engine, tempDirectory, fileSystem };
  return lookForAgain({ ...what, identity, rooms }, db, leaving);
}

async function findIdentity(
  db: pg.Client,
  dataset: Dataset,
  table: TableDescription,
  columns: readonly ColumnPlan[],
): Promise<RowIdentity | null> {
  if (dataset.onColdDuplicate === 'keep-both') return null;
  return identityOf(
    await listRowKeys(db, table, table.timeColumn.name),
    columns,
    table.timeColumn.name,
  );
}

/** What this role can't see can't hold a rotation back: better said than silently so. */
async function hiddenReplicas(db: pg.Client, { limits }: Dataset): Promise<readonly string[]> {
  if (limits.maxReplicaLagMs === 0) return [];
  const replicas = await readReplicaLag(db);
  const hidden = replicas.filter(({ lagMs, lagBytes }) => lagMs === null && lagBytes === null);
  if (hidden.length === 0) return [];
  return [
    `the lag of ${String(hidden.length)} of ${String(replicas.length)} replicas is hidden from this role, so max_replica_lag can't be kept: grant it pg_monitor`,
  ];
}

async function measureRegion(
  db: pg.Client,
  dataset: Dataset,
  table: TableDescription,
  region: Region,
): Promise<MeasuredRegion> {
  const filter = filterOf(dataset, region.lane);
  return { ...region, slices: await measureSlices(db, table, region.range, dataset.slice, filter) };
}
