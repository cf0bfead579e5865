/** Which column of a table each column of a cold slice goes back into (I6, I13). */
import type { ColumnPlan } from '../columns/column-plan.ts';
import type { SliceFingerprint } from '../fingerprint.ts';
import { sqlName } from '../sql-name.ts';
import type { Refusal } from './refusal.ts';

/** A column as the table has it now. */
export interface TargetColumn {
  readonly name: string;
  readonly typeName: string;
  /** PostgreSQL computes it: it is compared, not written. */
  readonly generated: boolean;
  /** A row that does not say its value is refused. */
  readonly required: boolean;
  /** Of the dataset's own table; another table's columns have none. */
  readonly fieldId: number | null;
}

export interface ColumnPair {
  /** As the slice has it. */
  readonly plan: ColumnPlan;
  /** Null for one that the table has no more and that holds nothing but nulls. */
  readonly target: TargetColumn | null;
}

export interface MappedColumns {
  /** In the slice's order. */
  readonly pairs: readonly ColumnPair[];
  readonly refusals: readonly Refusal[];
  /** Columns that the slice lacks, which get their default. */
  readonly defaulted: readonly string[];
  /** Columns of nothing but nulls, which the table has no more. */
  readonly leftOut: readonly string[];
}

/**
 * By field id where the slice and the table have ids, which a renamed column keeps; else by name. The
 * type must be the very same.
 */
export function mapColumns(
  columns: readonly ColumnPlan[],
  fingerprint: SliceFingerprint,
  targets: readonly TargetColumn[],
): MappedColumns {
  const refusals: Refusal[] = [];
  const leftOut: string[] = [];
  const pairs = columns.map((plan, index): ColumnPair => {
    const target = targetOf(plan, targets);
    if (target === null) {
      const nulls = fingerprint.columns[index]?.nulls ?? 0;
      if (nulls < fingerprint.rows) refusals.push(refuseDropped(plan, fingerprint.rows - nulls));
      else leftOut.push(plan.name);
    } else if (target.typeName !== plan.postgresType) {
      refusals.push(refuseType(plan, target));
    }
    return { plan, target };
  });
  const taken = new Set(pairs.map(({ target }) => target));
  const left = targets.filter((target) => !taken.has(target) && !target.generated);
  refusals.push(...left.filter(({ required }) => required).map(refuseRequired));
  return { pairs, refusals, defaulted: left.map(({ name }) => name), leftOut };
}

/** The expression by which a stored value is read back as the slice's fingerprint was taken of it. */
export function selectOf({ plan, target }: ColumnPair): string {
  if (target === null) return 'null';
  return plan.select.replaceAll(sqlName(plan.name), () => sqlName(target.name));
}

function targetOf(plan: ColumnPlan, targets: readonly TargetColumn[]): TargetColumn | null {
  const { fieldId } = plan;
  const byId =
    fieldId === undefined ? undefined : targets.find((target) => target.fieldId === fieldId);
  if (byId !== undefined) return byId;
  const byName = targets.find(({ name }) => name === plan.name);
  // One that was dropped and added again has the name and another id: it is another column.
  const isOther = fieldId !== undefined && byName !== undefined && byName.fieldId !== null;
  return byName === undefined || isOther ? null : byName;
}

function refuseDropped({ name, postgresType }: ColumnPlan, values: number): Refusal {
  return {
    guard: 'column_dropped',
    message: `column ${name} (${postgresType}) has ${String(values)} values in the lake and the table has it no more`,
    hint: `add it again under another name and use --into a table that has ${name}, or leave the rows cold: \`tierd query\` reads the column`,
    forceable: false,
  };
}

function refuseType({ name, postgresType }: ColumnPlan, target: TargetColumn): Refusal {
  return {
    guard: 'column_type',
    message: `column ${name} is ${postgresType} in the lake and ${target.name} is ${target.typeName} in the table`,
    hint: `use --into a table whose ${name} is ${postgresType}, and convert there`,
    forceable: false,
  };
}

function refuseRequired({ name, typeName }: TargetColumn): Refusal {
  return {
    guard: 'column_required',
    message: `column ${name} (${typeName}) is not in the lake, and the table takes no row without it`,
    hint: `give it a default: alter table … alter column ${sqlName(name)} set default …`,
    forceable: false,
  };
}
