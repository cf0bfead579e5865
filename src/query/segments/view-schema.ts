/**
 * The columns of a dataset whose table changed while it was rotated: every column that any live
 * segment has, of a type that holds the values of all of them exactly.
 */
import { TierdError } from '../../domain/errors.ts';
import { foldName } from '../sql/sql-ast.ts';
import type { ColdDataset, ColdSchema } from './cold-catalog.ts';

/** Name → DuckDB type, in the order of the newest table, columns that it dropped last. */
export type ViewSchema = ReadonlyMap<string, string>;

/** @throws TierdError COLUMN_TYPE_CHANGED when no type holds the values of all segments exactly */
export function viewSchemaOf(dataset: ColdDataset): ViewSchema {
  const view = new Map<
    string,
    { name: string; type: string; schema: ColdSchema; isHeldAsText: boolean }
  >();
  for (const schema of dataset.schemas.toReversed()) {
    for (const { name, duckdbType: fileType, viewType = fileType } of schema.columns) {
      const known = view.get(foldName(name));
      const isHeldAsText = fileType === 'VARCHAR';
      if (known === undefined) {
        view.set(foldName(name), { name, type: viewType, schema, isHeldAsText });
        continue;
      }
      known.isHeldAsText &&= isHeldAsText;
      // Where all of it is text, text holds it, whatever its types were.
      const type = reconcileTypes(known.type, viewType) ?? (known.isHeldAsText ? 'VARCHAR' : null);
      if (type === null) {
        throw typeChanged(dataset.name, known, { type: viewType, schema });
      }
      known.type = type;
    }
  }
  return new Map([...view.values()].map(({ name, type }) => [name, type]));
}

/** The type that holds every value of both exactly, null when there is none. */
export function reconcileTypes(a: string, b: string): string | null {
  if (a === b) return a;
  const [x, y] = [exactNumber(a), exactNumber(b)];
  if (x !== null && y !== null) return widestNumber(x, y);
  const pair = [a, b].sort().join(' + ');
  return LOSSLESS_PAIRS.get(pair) ?? textWith(a, b);
}

const LOSSLESS_PAIRS = new Map([
  ['DOUBLE + FLOAT', 'DOUBLE'],
  ['DOUBLE + SMALLINT', 'DOUBLE'],
  ['DOUBLE + INTEGER', 'DOUBLE'],
  ['FLOAT + SMALLINT', 'FLOAT'],
]);

/** Types whose text is the same in DuckDB and in PostgreSQL, so that text can take them in. */
function textWith(a: string, b: string): string | null {
  if (a !== 'VARCHAR' && b !== 'VARCHAR') return null;
  const other = a === 'VARCHAR' ? b : a;
  const sameText = other === 'JSON' || other === 'UUID' || exactNumber(other) !== null;
  return sameText ? 'VARCHAR' : null;
}

interface ExactNumber {
  readonly type: string;
  /** Digits before and after the point. */
  readonly integral: number;
  readonly scale: number;
}

const INTEGERS = new Map([
  ['SMALLINT', 5],
  ['INTEGER', 10],
  ['UINTEGER', 10],
  ['BIGINT', 19],
  ['UBIGINT', 20],
]);

const MAX_DECIMAL_WIDTH = 38;

function exactNumber(type: string): ExactNumber | null {
  const digits = INTEGERS.get(type);
  if (digits !== undefined) return { type, integral: digits, scale: 0 };
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  if (decimal === null) return null;
  const scale = Number(decimal[2]);
  return { type, integral: Number(decimal[1]) - scale, scale };
}

function widestNumber(a: ExactNumber, b: ExactNumber): string | null {
  const signs = [a.type, b.type];
  if (signs.includes('UBIGINT') && signs.includes('UINTEGER')) return 'UBIGINT';
  if (INTEGERS.has(a.type) && INTEGERS.has(b.type) && !signs.includes('UBIGINT')) {
    // An unsigned and a signed integer of four bytes need eight together.
    if (signs.includes('UINTEGER') || signs.includes('BIGINT')) return 'BIGINT';
    return 'INTEGER';
  }
  const scale = Math.max(a.scale, b.scale);
  const width = Math.max(a.integral, b.integral) + scale;
  return width <= MAX_DECIMAL_WIDTH ? `DECIMAL(${String(width)},${String(scale)})` : null;
}

function typeChanged(
  dataset: string,
  newer: { readonly name: string; readonly type: string; readonly schema: ColdSchema },
  older: { readonly type: string; readonly schema: ColdSchema },
): TierdError {
  const count = ({ segments, exampleKey }: ColdSchema) =>
    segments === 0
      ? `the table ${exampleKey}`
      : `${String(segments)} segment${segments === 1 ? '' : 's'} such as ${exampleKey}`;
  return new TierdError({
    code: 'COLUMN_TYPE_CHANGED',
    message:
      `Column "${newer.name}" of dataset ${dataset} is ${newer.type} in ${count(newer.schema)} ` +
      `and ${older.type} in ${count(older.schema)}; no type holds both exactly. Nothing was read.`,
    hint: 'Query the two groups of segments apart with any engine that reads Parquet, or restore the older ones and rotate them again with the column as it is now.',
    context: { dataset, column: newer.name, types: [newer.type, older.type] },
  });
}
