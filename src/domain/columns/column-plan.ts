/** How each column of a table will be held in the lake, decided before anything moves (I6). */
import type { ColumnChoice } from '../dataset.ts';
import { sqlName } from '../sql-name.ts';
import type { BaseType, ColumnDescription } from '../table.ts';
import { BUILT_IN_TYPES, type NativeKind, TYPE_CLASSES, type TypeRule } from './type-table.ts';

/** How a column's values are laid out, from COPY to Parquet. */
export type Held =
  | {
      readonly kind: NativeKind;
      /** ±infinity is refused, for other engines take it for a day far away. */
      readonly finite?: true;
    }
  /**
   * A fixed-point number: the integer `value × 10^scale` of at most `width` digits. PostgreSQL
   * shows `max(0, declared scale)` digits after the point, which is `scale` here.
   */
  | { readonly kind: 'decimal'; readonly width: number; readonly scale: number }
  /** The text that PostgreSQL makes of the value. */
  | { readonly kind: 'text' };

export type HeldKind = Held['kind'];

export interface ColumnPlan {
  readonly name: string;
  /** What `format_type` says of the column: recorded in every segment, needed to restore it. */
  readonly postgresType: string;
  readonly held: Held;
  /** The SQL expression whose binary COPY output the decoder reads. */
  readonly select: string;
  /** The DuckDB type of the column in the lake. */
  readonly duckdbType: string;
  /** What the column keeps for ever (I13); none in segments from before there were ids. */
  readonly fieldId?: number;
}

export interface ColumnRefusal {
  readonly column: string;
  readonly postgresType: string;
  /** Why it can't be held, as a clause: "its text depends on lc_monetary, …". */
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string;
}

export interface ColumnPlans {
  readonly columns: readonly ColumnPlan[];
  readonly refusals: readonly ColumnRefusal[];
}

/** DuckDB's and Parquet's widest exact number. */
const MAX_DECIMAL_WIDTH = 38;

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
      twin === undefined ? holdColumn(column, choices[column.name], portable) : refuseTwin(twin);
    if ('reason' in outcome) {
      refusals.push({ column: column.name, postgresType: column.typeName, ...outcome });
    } else {
      plans.push(planColumn(column, outcome));
    }
  }
  return { columns: plans, refusals };
}

type Refused = Pick<ColumnRefusal, 'reason' | 'hint'>;

function holdColumn(
  column: ColumnDescription,
  choice: ColumnChoice | undefined,
  portable: boolean,
): Held | Refused {
  const { baseType } = column;
  const rule = ruleFor(baseType);
  const chosen = chosenDecimal(choice);
  if (chosen !== null && rule.held !== 'numeric') {
    return {
      reason: `${String(choice)} is a choice for numeric columns only`,
      hint: `correct or remove datasets.<name>.columns.${column.name}`,
    };
  }
  switch (rule.held) {
    case 'refused':
      if (rule === TYPE_CLASSES.unknown && choice === 'text') return { kind: 'text' };
      return { reason: rule.reason, hint: hintFor(column, rule) };
    case 'native':
      // The bytes of these are text already; a cast would only strip the blanks of char(n).
      if (choice === 'text' && rule.kind !== 'varchar') return { kind: 'text' };
      return portable ? portably(column, rule.kind, choice) : { kind: rule.kind };
    case 'numeric': {
      const decimal = chosen ?? decimalFor(baseType.typmod);
      if (choice === 'native' && decimal === null) {
        return {
          reason: `a native number has at most ${String(MAX_DECIMAL_WIDTH)} digits, known in advance`,
          hint: `leave datasets.<name>.columns.${column.name} out: exact text is the default; or set it to decimal(${String(MAX_DECIMAL_WIDTH)},10), or to as many digits as its values have`,
        };
      }
      return choice === 'text' || decimal === null ? { kind: 'text' } : decimal;
    }
    case 'text': {
      if (choice === 'native') {
        return {
          reason: 'no Parquet type holds it exactly',
          hint: `leave datasets.<name>.columns.${column.name} out: exact text is the default`,
        };
      }
      const part = findRefusedPart(baseType, choice);
      if (part === null) return { kind: 'text' };
      return {
        reason: `it is made of ${part.type.name}: ${part.rule.reason}`,
        hint: hintFor(column, part.rule),
      };
    }
  }
}

/** What some engine can't read becomes text, what one reads wrong is refused. */
function portably(
  column: ColumnDescription,
  kind: NativeKind,
  choice: ColumnChoice | undefined,
): Held | Refused {
  switch (kind) {
    case 'uuid':
    case 'time':
      if (choice !== 'native') return { kind: 'text' };
      return {
        reason: `the dataset is portable, and not every engine reads a native ${kind}`,
        hint: `remove datasets.<name>.columns.${column.name}, or datasets.<name>.portable`,
      };
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return { kind, finite: true };
    default:
      return { kind };
  }
}

/** `decimal(p,s)` as the configuration has it, or null. */
function chosenDecimal(
  choice: ColumnChoice | undefined,
): Extract<Held, { kind: 'decimal' }> | null {
  const match = /^decimal\((\d+),(\d+)\)$/u.exec(choice ?? '');
  return match === null
    ? null
    : { kind: 'decimal', width: Number(match[1]), scale: Number(match[2]) };
}

function hintFor(column: ColumnDescription, rule: TypeRule): string {
  if (rule === TYPE_CLASSES.unknown) {
    return `set datasets.<name>.columns.${column.name}: text if the type's output, read by its input, gives the same value`;
  }
  return `change the type of column ${column.name}, or take the dataset out of rotation`;
}

/** As DuckDB folds the names of columns: ASCII letters only. */
function foldCase(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => letter.toLowerCase());
}

function refuseTwin(twin: string): Refused {
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

/** The rule of a type itself, not yet of what it is made of. */
function ruleFor(type: BaseType): TypeRule {
  if (type.isArray) return TYPE_CLASSES.array;
  switch (type.kind) {
    case 'e':
      return TYPE_CLASSES.enum;
    case 'c':
      return TYPE_CLASSES.composite;
    case 'r':
      return TYPE_CLASSES.range;
    case 'm':
      return TYPE_CLASSES.multirange;
    case 'p':
      return TYPE_CLASSES.pseudo;
    case 'b': {
      if (type.schema !== 'pg_catalog') return TYPE_CLASSES.unknown;
      return BUILT_IN_TYPES[type.name] ?? TYPE_CLASSES.unknown;
    }
  }
}

/** The first type inside `type` whose text can't be trusted, however deep. */
function findRefusedPart(
  type: BaseType,
  choice: ColumnChoice | undefined,
): { type: BaseType; rule: Extract<TypeRule, { held: 'refused' }> } | null {
  for (const part of type.madeOf) {
    const rule = ruleFor(part);
    if (rule.held === 'refused' && !(rule === TYPE_CLASSES.unknown && choice === 'text')) {
      return { type: part, rule };
    }
    const inner = findRefusedPart(part, choice);
    if (inner !== null) return inner;
  }
  return null;
}

/**
 * `numeric(p,s)` as a decimal, or null where it needs more than 38 digits. PostgreSQL allows
 * scales below 0 and above the precision; both are widened to what DuckDB knows:
 * numeric(5,-2) → 7 digits, none after the point; numeric(3,5) → 5 digits, all after the point.
 */
function decimalFor(typmod: number): Extract<Held, { kind: 'decimal' }> | null {
  if (typmod < 4) return null;
  const precision = (typmod - 4) >> 16;
  // 11 bits, signed: see numeric_typmod_scale in PostgreSQL's numeric.c.
  const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
  const width = scale < 0 ? precision - scale : Math.max(precision, scale);
  if (width > MAX_DECIMAL_WIDTH) return null;
  return { kind: 'decimal', width, scale: Math.max(0, scale) };
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
