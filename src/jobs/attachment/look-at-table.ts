/** A dataset's table as its view is made of it. */
import type pg from 'pg';
import { planColumns } from '../../domain/columns/plan-columns.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { identityOf } from '../../domain/plan/row-identity.ts';
import type { ColumnDescription } from '../../domain/table.ts';
import { DAY_MS, type EpochMs } from '../../domain/time/time-range.ts';
import { readAttachable } from '../../hot/attach/attachable.ts';
import type { AttachColumn, DatasetToAttach } from '../../hot/attach/dataset-sql.ts';
import { describeShape } from '../../hot/table/introspect.ts';
import { listRowKeys } from '../../hot/table/unique-key.ts';
import { assertAttachable, refused } from './refusals.ts';

/** Longer, and a question of hot time alone would ask for the lake as well. */
const MOST_MARGIN_DAYS = 7;

/** @throws TierdError ATTACH_REFUSED, and what `describeShape` throws */
export async function lookAtTable(
  db: pg.Client,
  dataset: Dataset,
  nowMs: EpochMs,
): Promise<DatasetToAttach> {
  const { name, table, timeColumn, timeUnit, hotDays, hotIntervals } = dataset;
  const shape = await describeShape(db, table, timeColumn, timeUnit);
  const found = await readAttachable(db, shape.oid);
  assertAttachable(dataset, found);
  const { columns: plans, refusals } = planColumns(
    shape.columns,
    dataset.columns,
    dataset.portable,
  );
  const [refusal] = refusals;
  if (refusal !== undefined) {
    const { column, postgresType, reason, hint } = refusal;
    throw refused(`column ${column} (${postgresType}) of ${name}: ${reason}`, hint);
  }
  const textual = new Set(plans.filter(({ held }) => held.kind === 'text').map((one) => one.name));
  const columns = found.columns.map((column): AttachColumn => {
    const described = shape.columns.find((one) => one.name === column.name);
    const isComputed = !column.isBuiltIn || isSentOn(described, textual.has(column.name));
    return { ...column, isComputed };
  });
  const keys =
    dataset.onColdDuplicate === 'newest' ? await listRowKeys(db, shape, shape.timeColumn.name) : [];
  const identity = identityOf(keys, plans, shape.timeColumn.name);
  const folding = new Set(
    shape.columns.filter(({ foldsTexts }) => foldsTexts).map((one) => one.name),
  );
  const { kind, unit } = shape.timeColumn;
  // Rows of other intervals leave as soon as their day is over.
  const days = hotIntervals === undefined ? Math.min(MOST_MARGIN_DAYS, Math.floor(hotDays / 2)) : 0;
  // A time without a zone is of some zone.
  const zoned = kind === 'timestamptz' ? 0 : 1;
  return {
    dataset: name,
    table,
    found: { ...found, columns },
    time: { column: shape.timeColumn.name, kind, ...(unit === undefined ? {} : { unit }) },
    identity:
      identity?.columns.map((column) => ({
        name: column.name,
        isLoose: identity.loose.includes(column.name) || folding.has(column.name),
      })) ?? null,
    marginUs: (days + zoned) * DAY_MS * 1000,
    cutoffMs: nowMs - hotDays * DAY_MS,
  };
}

/** Types with whose values tierd computes as PostgreSQL does: postgres_fdw sends it conditions on these. */
const COMPUTED_TYPES: ReadonlySet<string> = new Set([
  'bool',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'bpchar',
  'date',
  'timestamp',
  'timestamptz',
  'uuid',
]);

function isSentOn(column: ColumnDescription | undefined, isHeldAsText: boolean): boolean {
  if (column === undefined || column.foldsTexts === true) return false;
  const { name } = column.baseType;
  const isText = name === 'text' || name === 'varchar' || name === 'bpchar';
  return COMPUTED_TYPES.has(name) && (isText || !isHeldAsText);
}
