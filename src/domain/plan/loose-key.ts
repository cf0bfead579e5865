/** Columns of a key in which PostgreSQL calls values equal that the lake, which compares what it holds, tells apart. */
import type { BaseType, TableDescription } from '../table.ts';
import type { RowIdentity } from './row-identity.ts';

/** Several spellings of one value: 1.0 and 1.00, 0 and −0, `1 month` and `30 days`. */
const SPELLED_IN_WAYS = new Set(['numeric', 'float4', 'float8', 'interval', 'jsonb', 'bpchar']);
/** Of these the ones that have one spelling where their column says how long or of what scale they are. */
const FIXED_BY_TYPMOD = new Set(['numeric', 'bpchar']);
/** The object ids that PostgreSQL gives to its own types are below. */
const FIRST_USER_OID = 16_384;

/** Their names, in the identity's order. */
export function looseColumns(
  { columns, loose }: Pick<RowIdentity, 'columns' | 'loose'>,
  table: Pick<TableDescription, 'columns'>,
): readonly string[] {
  const known = new Map(table.columns.map((column) => [column.name, column]));
  return columns
    .filter(({ name, held }) => {
      const column = known.get(name);
      if (column === undefined || held.kind === 'decimal') return false;
      return column.foldsTexts === true || loose.includes(name) || isLoose(column.baseType);
    })
    .map(({ name }) => name);
}

function isLoose({ oid, name, kind, typmod, madeOf }: BaseType): boolean {
  // What is said of an array is said of its elements.
  if (madeOf.length > 0)
    return madeOf.some((part) => isLoose(typmod === -1 ? part : { ...part, typmod }));
  if (kind === 'b' && oid >= FIRST_USER_OID) return true;
  return SPELLED_IN_WAYS.has(name) && !(FIXED_BY_TYPMOD.has(name) && typmod !== -1);
}
