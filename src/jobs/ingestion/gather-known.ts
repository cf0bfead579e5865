/** The table that files are ingested into, and how its rows are held and known. Changes nothing (I7). */
import type pg from 'pg';
import { assertNamedColumns } from '../../domain/columns/named-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { refuseChangedNumbers } from '../../domain/lake/changed-types.ts';
import { refuseOtherTime } from '../../domain/lake/time-of-segments.ts';
import { standing, throwIfRefused, unforceable } from '../../domain/plan/refusal.ts';
import { refuseNewName } from '../../domain/plan/renamed-dataset.ts';
import { identityOf } from '../../domain/plan/row-identity.ts';
import { assertZoneFits } from '../../domain/time/time-zone.ts';
import { describeTable } from '../../hot/table/introspect.ts';
import { listRowKeys } from '../../hot/table/unique-key.ts';
import { findNamesInLake } from '../../ledger/former-names.ts';
import { listLiveSchemas } from '../../ledger/live-segments.ts';
import { gatherColumns } from '../gather-columns.ts';
import { inPlanningSnapshot } from '../planning-snapshot.ts';
import type { JobRooms } from '../rotation/rooms.ts';
import type { Known } from './rooms.ts';

/** Throws REFUSED where rows of the table can't go to the lake as they are. */
export async function gatherKnown(
  { settings }: Pick<JobRooms, 'settings'>,
  db: pg.Client,
  dataset: Dataset,
  force: boolean,
): Promise<Known> {
  const doing = `planning an ingest into ${dataset.name}`;
  return inPlanningSnapshot(settings, db, doing, async () => {
    const { name, timeColumn, timeUnit } = dataset;
    const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
    assertNamedColumns(dataset, table);
    assertZoneFits(dataset, table);
    const { columns, refusals, fieldIds } = await gatherColumns(db, dataset, table);
    const schemas = (await listLiveSchemas(db)).filter((schema) => schema.dataset === name);
    const tableIdentity = fieldIds.fields[0]?.tableIdentity;
    const all = [
      ...refusals.map(({ column, postgresType, reason, hint }) =>
        unforceable(
          'type_not_held',
          `column ${column} (${postgresType}) can't be held exactly: ${reason}`,
          hint.replace('<name>', name),
        ),
      ),
      ...(dataset.portable
        ? refuseChangedNumbers(
            columns,
            schemas.map((schema) => schema.columns),
          )
        : []),
      ...refuseOtherTime(dataset, schemas),
      ...(tableIdentity === undefined
        ? []
        : refuseNewName(name, await findNamesInLake(db, name, tableIdentity))),
    ];
    throwIfRefused(
      { dataset: name, what: `an ingest into ${name}`, outcome: 'Nothing was changed' },
      standing(all, force),
    );
    const keys = await listRowKeys(db, table, table.timeColumn.name);
    const identity = identityOf(keys, columns, table.timeColumn.name);
    const own = keys.find(({ index }) => index === identity?.index);
    return {
      // Whatever late rows do: an ingest replaces where that is wanted, and else finds out before.
      dataset: { ...dataset, onColdDuplicate: 'newest' },
      table,
      columns,
      fieldIds,
      identity,
      key: own === undefined ? null : { columns: own.columns, nulls: own.nulls },
    };
  });
}
