/** What is due of time that the lake has, where no key tells for certain whether the lake has it already. */
import type pg from 'pg';
import type { Dataset } from '../../../domain/dataset.ts';
import { looseColumns } from '../../../domain/plan/loose-key.ts';
import type { MeasuredRegion, PlannedAgain, Unknowable } from '../../../domain/plan/plan.ts';
import type { RowIdentity } from '../../../domain/plan/row-identity.ts';
import type { TableDescription } from '../../../domain/table.ts';
import { rangesOverlap } from '../../../domain/time/time-range.ts';
import { whyNoRowKey } from '../../../hot/table/unique-key.ts';
import { listColdRanges } from '../../../ledger/live-segments.ts';
import { hasLedger } from '../../../ledger/migrate.ts';

interface Due {
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly identity: RowIdentity | null;
  readonly leaving: readonly MeasuredRegion[];
  /** Those that the identity knows; null where nobody looked. */
  readonly again: PlannedAgain | null;
}

/** Null where there is none such, and where both are to be kept. */
export async function findUnknowable(db: pg.Client, due: Due): Promise<Unknowable | null> {
  const { dataset, table, identity, leaving, again } = due;
  if (dataset.onColdDuplicate === 'keep-both') return null;
  const loose = identity === null ? [] : looseColumns(identity, table);
  if ((identity !== null && loose.length === 0) || !(await hasLedger(db))) return null;
  const cold = await listColdRanges(db, dataset.name);
  const met = leaving
    .flatMap(({ slices }) => slices)
    .filter(({ range }) => cold.some((other) => rangesOverlap(range, other)));
  const rows = met.reduce((sum, slice) => sum + slice.rows, 0) - (again?.rows ?? 0);
  if (rows <= 0) return null;
  const told =
    identity === null
      ? { why: await whyNoRowKey(db, table.oid), help: GIVE_A_KEY }
      : tellLoose(dataset, identity, loose);
  return { rows, slices: met.length, ...told };
}

const GIVE_A_KEY = 'A unique index of plain columns, no floats, lets it replace what the lake has';

function tellLoose(
  { name }: Dataset,
  { index }: RowIdentity,
  loose: readonly string[],
): Pick<Unknowable, 'why' | 'help'> {
  return {
    why: `${index} has ${loose.join(' and ')}, where PostgreSQL calls values equal that the lake tells apart`,
    help: `A numeric can be decimal(precision,scale) in datasets.${name}.columns; for others, give the table a unique index without such a column`,
  };
}
