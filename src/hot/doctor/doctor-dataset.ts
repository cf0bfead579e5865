/** Checks of one configured table. */
import type pg from 'pg';
import type { Check } from '../../domain/check.ts';
import { icebergTypeOf } from '../../domain/columns/iceberg-type.ts';
import { assertNamedColumns } from '../../domain/columns/named-columns.ts';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import { countOf } from '../../domain/count.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { largerSlice } from '../../domain/lake/small-slices.ts';
import { judgeHazards } from '../../domain/plan/judge-hazards.ts';
import { judgeMove } from '../../domain/plan/part-hazards.ts';
import type { Refusal } from '../../domain/plan/refusal.ts';
import { cutoffsOf, regionsOf } from '../../domain/plan/regions.ts';
import { tellWholeParts } from '../../domain/plan/whole-parts.ts';
import { formatTable, type TableDescription } from '../../domain/table.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { DAY_MS, HOUR_MS } from '../../domain/time/time-range.ts';
import { assertZoneFits, tableClock } from '../../domain/time/time-zone.ts';
import { findHazards } from '../hazards/hazards.ts';
import { findPartHazards } from '../hazards/part-hazards.ts';
import { glanceAtTable } from '../measure/glance.ts';
import { type Queryable, runOne, sql } from '../sql.ts';
import { findTimescale } from '../table/chunks.ts';
import { describeTable, isReadable } from '../table/introspect.ts';
import { findStaleAggregates, type LeavingTime } from '../timescale/stale-aggregates.ts';
import { checkIntervals } from './check-intervals.ts';
import { checkPartitions } from './check-partitions.ts';

/** `readCold` gives the time of which the lake has rows. Throws what `describeTable` throws. Call it inside `inTransaction`. */
export async function checkDataset(
  db: pg.ClientBase,
  dataset: Dataset,
  clock: Clock,
  readCold: LeavingTime['readCold'],
): Promise<readonly Check[]> {
  const { name, timeColumn, timeUnit } = dataset;
  const table = await describeTable(db, dataset.table, timeColumn, timeUnit);
  assertNamedColumns(dataset, table);
  assertZoneFits(dataset, table);
  return [
    { name: `dataset:${name}:table`, status: 'ok', found: describe(table) },
    ...columnsHeld(dataset, table),
    ...plainReaders(dataset, table),
    ...leftOutOfIceberg(dataset, table),
    ...(await checkIntervals(db, dataset, table)),
    ...(await hazards(db, dataset, table, { clock, readCold })),
    ...(await lockTableSize(db, dataset, table)),
    ...(await compression(db, dataset, table)),
    ...(await sliceSize(db, dataset, table)),
    ...wholeParts(dataset, table, clock),
    ...(await checkPartitions(db, dataset, clock.now())),
  ];
}

function wholeParts(dataset: Dataset, table: TableDescription, clock: Clock): readonly Check[] {
  const told = tellWholeParts(dataset, table, cutoffsOf(dataset, tableClock(dataset, clock.now())));
  if (told === null) return [];
  const name = `dataset:${dataset.name}:parts`;
  return [{ name, status: 'ok', found: told.message, advice: told.hint }];
}

/** By the table's average: what a plan would count in each. */
async function sliceSize(
  db: Queryable,
  { name, slice }: Dataset,
  table: TableDescription,
): Promise<readonly Check[]> {
  // A role that may not read it is told so among the hazards.
  if (!(await isReadable(db, table.oid))) return [];
  const { rows, oldest, newest } = await glanceAtTable(db, table);
  if (oldest === null || newest === null) return [];
  const count = Math.ceil((newest - oldest + 1) / (slice === 'hour' ? HOUR_MS : DAY_MS));
  const each = Math.round(rows / count);
  const larger = largerSlice(slice, { count, rows: each });
  if (larger === null) return [];
  return [
    {
      name: `dataset:${name}:slices`,
      status: 'ok',
      found: `about ${countOf(each, 'row')} in each ${slice}, and each becomes a file of its own`,
      advice: `\`slice: ${larger}\` under datasets.${name} makes fewer and larger ones`,
    },
  ];
}

function describe(table: TableDescription): string {
  const kind =
    table.kind === 'plain'
      ? 'an ordinary table'
      : `a ${table.kind === 'hypertable' ? 'hypertable' : 'partitioned table'}`;
  const parts = table.kind === 'plain' ? '' : ` with ${String(table.parts.length)} droppable parts`;
  return `${formatTable(table.ref)}, ${kind}${parts}, by ${table.timeColumn.name} (${table.timeColumn.kind})`;
}

function columnsHeld(dataset: Dataset, table: TableDescription): readonly Check[] {
  const { refusals } = planColumns(table.columns, dataset.columns, dataset.portable);
  const name = `dataset:${dataset.name}:columns`;
  if (refusals.length === 0) {
    return [
      { name, status: 'ok', found: `all ${String(table.columns.length)} can be held exactly` },
    ];
  }
  return refusals.map((refusal) => ({
    name,
    status: 'error',
    found: `${refusal.column} (${refusal.postgresType}) can't be held exactly: ${refusal.reason}`,
    advice: refusal.hint.replace('<name>', dataset.name),
  }));
}

const MISREAD_KINDS = new Map([
  ['uuid', 'shuts Spark out of the whole folder'],
  ['time', 'shuts Spark out of the whole folder; 24:00 is misread'],
  ['date', 'an infinite value is misread'],
  ['timestamp', 'an infinite value is misread'],
  ['timestamptz', 'an infinite value is misread'],
]);

/** What other engines make of the files; nothing to mend where none is used. */
function plainReaders(dataset: Dataset, table: TableDescription): readonly Check[] {
  if (dataset.portable) return [];
  const { columns } = planColumns(table.columns, dataset.columns);
  const told = columns.flatMap(({ name, held }) => {
    const what = MISREAD_KINDS.get(held.kind);
    // Rows whose time is infinite stay hot.
    return what === undefined || name === table.timeColumn.name
      ? []
      : [`${name} (${held.kind}: ${what})`];
  });
  if (told.length === 0) return [];
  return [
    {
      name: `dataset:${dataset.name}:plain_readers`,
      status: 'ok',
      found: `for other engines than tierd: ${told.join(', ')}; \`portable: true\` and docs/engines.md say what to do`,
    },
  ];
}

/** What engines that read the dataset's Iceberg table will not find in it. */
function leftOutOfIceberg(dataset: Dataset, table: TableDescription): readonly Check[] {
  if (!dataset.iceberg) return [];
  const { columns } = planColumns(table.columns, dataset.columns, dataset.portable);
  return columns.flatMap(({ name, held }) => {
    const found = icebergTypeOf(held);
    if ('type' in found) return [];
    return [
      {
        name: `dataset:${dataset.name}:iceberg`,
        status: 'warning',
        found: `the Iceberg table has no column ${name}, for ${found.leftOut}`,
        advice: `datasets.${dataset.name}.columns.${name}: text keeps it, from before the first rotation on; engines then see text`,
      },
    ];
  });
}

/** As the planner would judge them, were every slice before the cutoffs to leave now. */
async function hazards(
  db: Queryable,
  dataset: Dataset,
  table: TableDescription,
  { clock, readCold }: Pick<LeavingTime, 'readCold'> & { readonly clock: Clock },
): Promise<readonly Check[]> {
  const regions = regionsOf(table, cutoffsOf(dataset, tableClock(dataset, clock.now())));
  const found = await findHazards(db, table);
  const verdict = judgeHazards(table, found, regions);
  const leaving = regions.map(({ range }) => range);
  const stale = await findStaleAggregates(db, table, { leaving, readCold });
  const around = { table: found, parts: [...(await findPartHazards(db, table)), ...stale] };
  const prefix = `dataset:${dataset.name}`;
  return [
    ...verdict.refusals.map((refusal) => refusalCheck(prefix, refusal)),
    ...obstacles(regions.flatMap((region) => judgeMove(table, around, region))).map((refusal) =>
      refusalCheck(prefix, refusal),
    ),
    ...verdict.notes.map(
      ({ message, hint }): Check => ({
        name: `${prefix}:note`,
        status: 'warning',
        found: message,
        advice: hint,
      }),
    ),
  ];
}

function refusalCheck(prefix: string, refusal: Refusal): Check {
  return {
    name: `${prefix}:${refusal.guard}`,
    status: refusal.forceable ? 'warning' : 'error',
    found: refusal.message,
    advice: refusal.hint,
  };
}

/** So many of one kind are told; a thousand chunks of another owner are one matter. */
const OBSTACLES_SHOWN = 3;

function obstacles(refusals: readonly Refusal[]): readonly Refusal[] {
  const distinct = [...new Map(refusals.map((each) => [each.message, each])).values()];
  return [...new Set(distinct.map(({ guard }) => guard))].flatMap((guard) => {
    const alike = distinct.filter((each) => each.guard === guard);
    const shown = alike.slice(0, OBSTACLES_SHOWN);
    const last = shown.at(-1);
    const more = alike.length - shown.length;
    if (last === undefined || more === 0) return shown;
    return [
      ...shown.slice(0, -1),
      { ...last, message: `${last.message} (and ${String(more)} more like this)` },
    ];
  });
}

/** Beyond half of the server's lock table a reader of all parts may find no room in it. */
const LOCK_TABLE_SHARE = 0.5;

/** A reader locks every chunk or partition; the lock table has a fixed size. */
async function lockTableSize(
  db: Queryable,
  dataset: Dataset,
  table: TableDescription,
): Promise<readonly Check[]> {
  const { locks } = await runOne<{ readonly locks: number }>(
    db,
    sql`select current_setting('max_locks_per_transaction')::int
               * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) as locks`,
  );
  // Each part with an index or two.
  const needed = table.parts.length * 3;
  if (needed < locks * LOCK_TABLE_SHARE) return [];
  return [
    {
      name: `dataset:${dataset.name}:locks`,
      status: 'warning',
      found: `${String(table.parts.length)} parts, and the server has room for ${String(locks)} locks in all`,
      advice: 'raise max_locks_per_transaction (needs a restart), or use larger chunks',
    },
  ];
}

/** Before it a compressed chunk could be read as empty (timescaledb #8498). */
const COMPRESSION_TRUSTED_FROM = [2, 22] as const;

async function compression(
  db: Queryable,
  dataset: Dataset,
  table: TableDescription,
): Promise<readonly Check[]> {
  const compressed = table.parts.filter((part) => part.compressed).length;
  const extension = compressed === 0 ? null : await findTimescale(db);
  if (extension === null) return [];
  const [major = 0, minor = 0] = extension.version.split('.').map(Number);
  const [trustedMajor, trustedMinor] = COMPRESSION_TRUSTED_FROM;
  const trusted = major > trustedMajor || (major === trustedMajor && minor >= trustedMinor);
  const name = `dataset:${dataset.name}:compression`;
  const found = `${String(compressed)} compressed chunks, TimescaleDB ${extension.version}`;
  if (trusted) return [{ name, status: 'ok', found }];
  return [
    {
      name,
      status: 'warning',
      found,
      advice:
        'alter extension timescaledb update: before 2.22 a compressed chunk could be read as empty; tierd then stops, and deletes nothing',
    },
  ];
}
