/** One type for columns of several, in DuckDB's names. */

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
