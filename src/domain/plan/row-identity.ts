/**
 * By what a row that comes again is known: the columns of a unique key of its table and the time
 * column. With the time, the older copy lies in a slice of the same time, and a key that is given
 * out anew (an id that starts over) is not taken for the row that had it before.
 */
import type { ColumnPlan } from '../columns/column-plan.ts';
import { reconcileTypes } from '../columns/reconcile-types.ts';

export interface RowIdentity {
  /** The unique index that it is taken from. */
  readonly index: string;
  readonly columns: readonly ColumnPlan[];
  /** Names of those in which the index calls values equal that their type tells apart. */
  readonly loose: readonly string[];
  /** Whether rows with a null in it can be the same one. */
  readonly nulls: 'equal' | 'distinct';
}

/**
 * Of the first key that the lake can compare: floats are left out, for 0 and -0 are equal and not
 * the same bytes. Null where there is none; then nothing can be said of rows that come again.
 *
 * Equal in the lake is equal in PostgreSQL. The reverse does not hold for what is kept as text
 * (1.0 and 1.00 of a numeric without scale, a collation that ignores case): such rows stay both.
 */
export function identityOf(
  keys: readonly {
    readonly index: string;
    readonly columns: readonly string[];
    readonly loose: readonly string[];
    readonly nulls: RowIdentity['nulls'];
  }[],
  columns: readonly ColumnPlan[],
  timeColumn: string,
): RowIdentity | null {
  for (const key of keys) {
    const names = new Set([...key.columns, timeColumn]);
    const plans = columns.filter(({ name, held }) => names.has(name) && isComparable(held.kind));
    if (plans.length === names.size) return { ...key, columns: plans };
  }
  return null;
}

function isComparable(kind: ColumnPlan['held']['kind']): boolean {
  return kind !== 'float4' && kind !== 'float8';
}

/** What is known of a column of a segment. */
export type HeldColumn = Pick<ColumnPlan, 'name' | 'duckdbType'> &
  Partial<Pick<ColumnPlan, 'held' | 'fieldId' | 'postgresType'>>;

/** Whether rows that were written with these columns can be compared by the identity. */
export function hasIdentity(columns: readonly HeldColumn[], identity: RowIdentity): boolean {
  return identity.columns.every((wanted) =>
    columns.some((plan) => comparedAs(plan, wanted) !== null),
  );
}

/** Whether there is each of the wanted columns, and equal values are the same bytes. */
export function hasAlike(columns: readonly HeldColumn[], wanted: readonly ColumnPlan[]): boolean {
  return wanted.every((column) => columns.some((plan) => isSameColumn(plan, column)));
}

/**
 * The identity's columns as rows of both sides have them once they are cast: an integer or a decimal
 * that was widened, or made narrower, is the wider of the two.
 */
export function comparedColumns(
  columns: readonly HeldColumn[],
  identity: RowIdentity,
): readonly ColumnPlan[] {
  return identity.columns.map(
    (wanted) =>
      columns.map((plan) => comparedAs(plan, wanted)).find((plan) => plan !== null) ?? wanted,
  );
}

/** In words, why `hasIdentity` does not hold for these columns. */
export function whyNoIdentity(columns: readonly ColumnPlan[], identity: RowIdentity): string {
  const wanted = identity.columns.find(
    (column) => !columns.some((plan) => comparedAs(plan, column) !== null),
  );
  const { name, fieldId, postgresType } = wanted ?? { name: identity.index };
  const then = columns.find((plan) =>
    fieldId === undefined || plan.fieldId === undefined
      ? plan.name === name
      : plan.fieldId === fieldId,
  );
  if (then === undefined) return `${name} is younger than they are`;
  if (then.name !== name) return `${name} was ${then.name} when they were written`;
  return `${name} was ${then.postgresType} when they were written and is ${String(postgresType)} now`;
}

/** Whether both hold rows in the same columns, and equal values as the same bytes. */
export function isHeldAlike(a: readonly ColumnPlan[], b: readonly ColumnPlan[]): boolean {
  return (
    a.length === b.length &&
    a.every((plan, index) => {
      const other = b[index];
      return (
        other !== undefined && isSameColumn(plan, other) && plan.postgresType === other.postgresType
      );
    })
  );
}

/** Null where the two can't be compared, or are two columns. */
function comparedAs(a: HeldColumn, b: ColumnPlan): ColumnPlan | null {
  if (isSameColumn(a, b)) return b;
  if (a.held === undefined || !isCalledAlike(a, b)) return null;
  const common = reconcileTypes(a.duckdbType, b.duckdbType);
  if (INTEGERS.has(a.held.kind) && INTEGERS.has(b.held.kind)) {
    return common === a.duckdbType ? { ...b, held: a.held, duckdbType: common } : b;
  }
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/u.exec(common ?? '');
  if (common === null || decimal === null) return null;
  if (a.held.kind !== 'decimal' || b.held.kind !== 'decimal') return null;
  const [width, scale] = [Number(decimal[1]), Number(decimal[2])];
  return { ...b, held: { kind: 'decimal', width, scale }, duckdbType: common };
}

const INTEGERS: ReadonlySet<ColumnPlan['held']['kind']> = new Set(['int2', 'int4', 'int8']);

/** A name that went from one column to another is told by the id, where both have one (I13). */
function isCalledAlike(a: HeldColumn, b: ColumnPlan): boolean {
  const isOther = a.fieldId !== undefined && b.fieldId !== undefined && a.fieldId !== b.fieldId;
  return !isOther && a.name === b.name;
}

function isSameColumn(a: HeldColumn, b: ColumnPlan): boolean {
  return (
    isCalledAlike(a, b) &&
    a.held?.kind === b.held.kind &&
    a.duckdbType === b.duckdbType &&
    isSpelledAlike(a, b)
  );
}

/** Types whose text has as many digits or blanks as they say: 1.50 of a numeric(40,2) is 1.500 of a numeric(40,3). */
const PADDED = /^(?:numeric|character)\(/u;

function isSpelledAlike(a: HeldColumn, b: ColumnPlan): boolean {
  return (
    a.duckdbType !== 'VARCHAR' ||
    a.postgresType === b.postgresType ||
    ![a, b].some(({ postgresType }) => PADDED.test(postgresType ?? ''))
  );
}
