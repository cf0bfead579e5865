/**
 * Columns whose values the engine compares otherwise than PostgreSQL does: a number that is held as text, an interval, JSON,
 * `char(n)`, an enum. A query says so in its plan; a condition by which rows go has to say what is meant.
 */
import type { ColdColumn, ColdDataset } from '../segments/cold-catalog.ts';
import { differenceOf } from '../segments/query-column.ts';
import {
  type AstObject,
  type AstValue,
  foldName,
  isObject,
  objectsIn,
  textIn,
  visitObjects,
} from '../sql/sql-ast.ts';

/** What a condition may do with such a column, and what is said where it does something else. */
interface Care {
  readonly allows: (asked: AstObject) => boolean;
  readonly told: string;
  readonly hint: (column: string) => string;
}

const isNullTest = ({ type }: AstObject): boolean => /^OPERATOR_IS_(NOT_)?NULL$/.test(textIn(type));
const isCast = ({ class: kind }: AstObject): boolean => kind === 'CAST';
const calls = ({ class: kind, function_name: name }: AstObject, names: RegExp): boolean =>
  kind === 'FUNCTION' && names.test(foldName(textIn(name)));

const TEXT: Care = {
  allows: (asked) => isNullTest(asked) || isCast(asked),
  told: 'is held as text, and would be compared as text',
  hint: (column) =>
    `Say what is meant: ${column}::decimal(38,10), ${column}::interval, or ${column}::varchar for the text that PostgreSQL prints.`,
};

const JSON_TEXT: Care = {
  allows: (asked) => TEXT.allows(asked) || calls(asked, /^(->>?|json_.*)$/),
  told: 'would be compared as its text',
  hint: (column) =>
    `Say what of it is meant: ${column}->>'key' = '…', or ${column}::varchar for its text.`,
};

const PADDED: Care = {
  allows: (asked) => isNullTest(asked) || calls(asked, /^r?trim$/),
  told: 'keeps its trailing blanks, which would count',
  hint: (column) => `Write rtrim(${column}).`,
};

/** Equal is equal; what is less than what, its text would say. */
const LABEL: Care = {
  allows: (asked) =>
    asked['class'] !== 'BETWEEN' &&
    !/^COMPARE_(LESS|GREATER)/.test(textIn(asked['type'])) &&
    !calls(asked, /^(greatest|least)$/),
  told: 'would be ordered by its text',
  hint: (column) =>
    `Name the values: ${column} in ('…', '…'); or write ${column}::varchar, where the order of the texts is meant.`,
};

function careOf(column: ColdColumn): Care | null {
  if (differenceOf(column) === null) return null;
  if (column.viewType === 'JSON') return JSON_TEXT;
  if (column.held?.kind === 'text') return TEXT;
  return column.postgresType?.startsWith('character(') === true ? PADDED : LABEL;
}

/** The first use that says something else than in PostgreSQL; null where there is none. */
export function findComparedOtherwise(
  expression: AstObject,
  { name, schemas }: Pick<ColdDataset, 'name' | 'schemas'>,
): { readonly message: string; readonly hint: string } | null {
  const cares = new Map<string, { readonly column: ColdColumn; readonly care: Care }>();
  // The table's own come last: what they say counts, and where it says nothing what older segments say.
  for (const column of schemas.flatMap(({ columns }) => columns)) {
    const care = careOf(column);
    if (care !== null) cares.set(foldName(column.name), { column, care });
  }
  if (cares.size === 0) return null;
  const found: { readonly message: string; readonly hint: string }[] = [];
  visitObjects(expression, (node) => {
    for (const column of columnsUnder(node)) {
      const known = cares.get(foldName(column));
      if (known === undefined || known.care.allows(node)) continue;
      const { told, hint } = known.care;
      const type = known.column.postgresType ?? known.column.duckdbType;
      found.push({ message: `${column} of ${name} (${type}) ${told}`, hint: hint(column) });
    }
  });
  return found[0] ?? null;
}

/** Columns that stand right in it, and not in another expression within. */
function columnsUnder(node: AstObject): readonly string[] {
  return Object.values(node)
    .flatMap((member) => (isObject(member) ? [member] : objectsIn(member)))
    .flatMap((member) => {
      const path = member['class'] === 'COLUMN_REF' ? member['column_names'] : undefined;
      const last = Array.isArray(path) ? (path as readonly AstValue[]).at(-1) : undefined;
      return typeof last === 'string' ? [last] : [];
    });
}
