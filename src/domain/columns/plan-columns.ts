/** How each column of a table will be held in the lake, decided before anything moves (I6). */
import type { ColumnChoice } from '../dataset.ts';
import { ownValue } from '../own-value.ts';
import { sqlName } from '../sql-name.ts';
import type { ColumnDescription } from '../table.ts';
import type { ColumnPlan, Held } from './column-plan.ts';
import { decimalFor } from './decimals.ts';
import { holdColumn, type NotHeld } from './hold-column.ts';

export interface ColumnRefusal extends NotHeld {
  readonly column: string;
  readonly postgresType: string;
}

export interface ColumnPlans {
  readonly columns: readonly ColumnPlan[];
  readonly refusals: readonly ColumnRefusal[];
}

/**
 * Plans every column, in the order given; where there is a refusal the plan must not be used.
 * `choices` are the dataset's `columns`, where the default is not wanted.
 */
export function planColumns(
  columns: readonly ColumnDescription[],
  choices: Readonly<Record<string, ColumnChoice>>,
  portable = false,
): ColumnPlans {
  const plans: ColumnPlan[] = [];
  const refusals: ColumnRefusal[] = [...refuseUnknownChoices(columns, choices)];
  const seen = new Map<string, string>();
  for (const column of columns) {
    const folded = foldCase(column.name);
    const twin = seen.get(folded);
    seen.set(folded, column.name);
    const outcome =
      twin === undefined
        ? holdColumn(column, ownValue(choices, column.name), portable)
        : refuseTwin(twin);
    if ('reason' in outcome) {
      refusals.push({ column: column.name, postgresType: column.typeName, ...outcome });
    } else {
      plans.push(planColumn(column, outcome));
    }
  }
  return { columns: plans, refusals };
}

/** As DuckDB folds the names of columns: ASCII letters only. */
function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => letter.toLowerCase());
}

function refuseTwin(twin: string): NotHeld {
  return {
    reason: `its name differs from that of column ${twin} in upper and lower case only, which DuckDB does not tell apart`,
    hint: 'rename one of the two columns',
  };
}

function refuseUnknownChoices(
  columns: readonly ColumnDescription[],
  choices: Readonly<Record<string, ColumnChoice>>,
): ColumnRefusal[] {
  const known = new Set(columns.map((column) => column.name));
  return Object.keys(choices)
    .filter((name) => !known.has(name))
    .map((name) => ({
      column: name,
      postgresType: 'none',
      reason: 'the table has no such column',
      hint: `correct or remove datasets.<name>.columns.${name}`,
    }));
}

function planColumn(column: ColumnDescription, held: Held): ColumnPlan {
  return {
    name: column.name,
    postgresType: column.typeName,
    held,
    select: selectFor(column, held),
    duckdbType: duckdbTypeOf(held),
  };
}

function selectFor({ name, baseType }: ColumnDescription, held: Held): string {
  const quoted = sqlName(name);
  if (held.kind === 'text') return `${quoted}::text`;
  const declared = decimalFor(baseType.typmod);
  if (held.kind !== 'decimal' || declared?.scale === held.scale) return quoted;
  // Never rounded: a value with more digits is sent as it is, and the decoder refuses it.
  const fitted = `round(${quoted}, ${String(held.scale)})`;
  return `case when ${quoted} = ${fitted} then ${fitted} else ${quoted} end`;
}

function duckdbTypeOf(held: Held): string {
  switch (held.kind) {
    case 'bool':
      return 'BOOLEAN';
    case 'int2':
      return 'SMALLINT';
    case 'int4':
      return 'INTEGER';
    case 'int8':
      return 'BIGINT';
    case 'uint4':
      return 'UINTEGER';
    case 'float4':
      return 'FLOAT';
    case 'float8':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${String(held.width)},${String(held.scale)})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'timestamptz':
      return 'TIMESTAMP WITH TIME ZONE';
    case 'uuid':
      return 'UUID';
    case 'bytea':
      return 'BLOB';
    // No JSON annotation: several readers refuse it, or take it for bytes.
    case 'json':
    case 'jsonb':
    case 'varchar':
    case 'text':
      return 'VARCHAR';
  }
}
