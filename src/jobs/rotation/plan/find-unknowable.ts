/** What is due of time that the lake has, where nothing tells for certain whether the lake has it already. */
import type pg from 'pg';
import type { Dataset } from '../../../domain/dataset.ts';
import { looseColumns } from '../../../domain/plan/loose-key.ts';
import type { MeasuredRegion, PlannedAgain, Unknowable } from '../../../domain/plan/plan.ts';
import { hasIdentity, type RowIdentity, whyNoIdentity } from '../../../domain/plan/row-identity.ts';
import type { TableDescription } from '../../../domain/table.ts';
import { spanOf } from '../../../domain/time/range-sets.ts';
import { rangesOverlap } from '../../../domain/time/time-range.ts';
import { listRowKeys, type RowKey, whyNoRowKey } from '../../../hot/table/unique-key.ts';
import { type LiveSchema, listColdRanges, listLiveSchemas } from '../../../ledger/live-segments.ts';
import { hasLedger } from '../../../ledger/migrate.ts';

interface Due {
  readonly dataset: Dataset;
  readonly table: TableDescription;
  readonly identity: RowIdentity | null;
  readonly leaving: readonly MeasuredRegion[];
  /** Those that the identity knows; null where nobody looked. */
  readonly again: PlannedAgain | null;
}

type Reason = Pick<Unknowable, 'why' | 'help'>;

/** None where both are to be kept. */
export async function findUnknowable(db: pg.Client, due: Due): Promise<readonly Unknowable[]> {
  const { dataset, table, identity } = due;
  if (dataset.onColdDuplicate === 'keep-both' || !(await hasLedger(db))) return [];
  const schemas = (await listLiveSchemas(db)).filter((schema) => schema.dataset === dataset.name);
  if (identity === null) {
    const met = await countMet(db, due, schemas, 0);
    if (met === null) return [];
    return [{ ...met, why: await whyNoRowKey(db, table), help: GIVE_A_KEY }];
  }
  const found: Unknowable[] = [];
  const comparable = schemas.filter(({ columns }) => hasIdentity(columns, identity));
  const loose = looseColumns(identity, table);
  if (loose.length > 0) {
    const met = await countMet(db, due, comparable, due.again?.rows ?? 0);
    if (met !== null) found.push({ ...met, ...tellLoose(dataset, identity, loose) });
  }
  const second = await findSecondKey(db, table, identity);
  if (second !== null) {
    const met = await countMet(db, due, comparable, due.again?.rows ?? 0);
    if (met !== null) found.push({ ...met, ...tellSecond(dataset, identity, second) });
  }
  const others = schemas.filter((schema) => !comparable.includes(schema));
  const [example] = others;
  if (example !== undefined) {
    const met = await countMet(db, due, others, 0);
    if (met !== null) found.push({ ...met, ...tellChanged(dataset, identity, example) });
  }
  return found;
}

/** Of the rows that are due, those of time that the lake has in these columns, but for the known ones. */
async function countMet(
  db: pg.Client,
  { dataset, leaving }: Due,
  schemas: readonly LiveSchema[],
  known: number,
): Promise<PlannedAgain | null> {
  const due = leaving.flatMap(({ slices }) => slices);
  if (due.length === 0) return null;
  const cold = await listColdRanges(db, dataset.name, {
    schemas: schemas.map(({ id }) => id),
    within: spanOf(due.map(({ range }) => range)),
  });
  const met = due.filter(({ range }) => cold.some((other) => rangesOverlap(range, other)));
  const rows = met.reduce((sum, slice) => sum + slice.rows, 0) - known;
  return rows > 0 ? { rows, slices: met.length } : null;
}

/** A key of what the rows say, by which one of them may be the other's next version while the identity says nothing. */
async function findSecondKey(
  db: pg.Client,
  table: TableDescription,
  identity: RowIdentity,
): Promise<RowKey | null> {
  const keys = await listRowKeys(db, table, table.timeColumn.name);
  const isOther = ({ index, columns, isMadeUp }: RowKey): boolean => {
    const named = new Set([...columns, table.timeColumn.name]);
    return (
      index !== identity.index &&
      !isMadeUp &&
      !identity.columns.every(({ name }) => named.has(name))
    );
  };
  return keys.find(isOther) ?? null;
}

const GIVE_A_KEY = 'A unique index of plain columns, no floats, lets it replace what the lake has';

function tellLoose({ name }: Dataset, { index }: RowIdentity, loose: readonly string[]): Reason {
  return {
    why: `${index} has ${loose.join(' and ')}, where PostgreSQL calls values equal that the lake tells apart`,
    help: `A numeric can be decimal(precision,scale) in datasets.${name}.columns; for others, give the table a unique index without such a column`,
  };
}

function tellSecond({ name }: Dataset, { index }: RowIdentity, second: RowKey): Reason {
  return {
    why: `rows are known by ${index} alone, and ${second.index} (${second.columns.join(', ')}) is a key of theirs too`,
    help: `\`tierd query\` has both sides, as hot.${name} and cold.${name}; delete from the table what the lake has under another ${index}, or from the lake what is to be replaced`,
  };
}

function tellChanged({ name }: Dataset, identity: RowIdentity, { columns }: LiveSchema): Reason {
  return {
    why: `of the key ${identity.index}, ${whyNoIdentity(columns, identity)}`,
    help: `\`tierd query\` has both sides, as hot.${name} and cold.${name}; delete from the table what is the same`,
  };
}
