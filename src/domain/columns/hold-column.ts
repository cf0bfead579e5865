/** What a type and the dataset's choice make of a column in the lake, or why it can't be held (I6). */
import type { ColumnChoice } from '../dataset.ts';
import type { BaseType, ColumnDescription } from '../table.ts';
import type { Held } from './column-plan.ts';
import { chosenDecimal, decimalFor, MAX_DECIMAL_WIDTH } from './decimals.ts';
import { BUILT_IN_TYPES, type NativeKind, TYPE_CLASSES, type TypeRule } from './type-table.ts';

export interface NotHeld {
  /** As a clause: "its text depends on lc_monetary, …". */
  readonly reason: string;
  /** What to do about it. */
  readonly hint: string;
}

export function holdColumn(
  column: ColumnDescription,
  choice: ColumnChoice | undefined,
  portable: boolean,
): Held | NotHeld {
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
): Held | NotHeld {
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

function hintFor(column: ColumnDescription, rule: TypeRule): string {
  if (rule === TYPE_CLASSES.unknown) {
    return `set datasets.<name>.columns.${column.name}: text if the type's output, read by its input, gives the same value`;
  }
  return `change the type of column ${column.name}, or take the dataset out of rotation`;
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
