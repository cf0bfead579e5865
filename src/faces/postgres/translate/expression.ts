/** An expression in DuckDB's words, with the type that PostgreSQL gives it. */
import type { PgTypeName } from './pg-types.ts';
import { duckdbTypeOf } from './pg-types.ts';

/**
 * How many digits after the point PostgreSQL shows. A number in place of a value: all values have it,
 * and DuckDB holds a DECIMAL. `varies`: each value has its own, and DuckDB holds a struct of a HUGEINT `u` and
 * an INTEGER `s`, which is u / 10^s.
 */
export type Scale = number | 'varies';

export interface Expression {
  readonly sql: string;
  /** `unknown` for a literal or parameter whose type its place decides. */
  readonly type: PgTypeName;
  readonly typmod: number;
  /** Of a numeric. */
  readonly scale: Scale;
  /** The text of a literal in quotes; null for a bare NULL; undefined for all else. */
  readonly literal?: string | null;
  /** The number of a parameter that has no type yet. */
  readonly parameter?: number;
  /** A whole number as written. */
  readonly whole?: bigint;
  /** The text of a number as written, without its sign where that is an operator. */
  readonly constant?: string;
  /**
   * Of a numeric whose values have one of a few known scales, as those of CASE: the same as a DECIMAL of the largest, and how many digits
   * each shows, an INTEGER.
   */
  readonly fixed?: { readonly sql: string; readonly scale: number; readonly digits: string };
  /** Of extract(epoch from x): its microseconds, a BIGINT. */
  readonly epochMicros?: string;
  /** Of a quotient of those and whole seconds: both. */
  readonly epochQuotient?: { readonly micros: string; readonly seconds: bigint };
  readonly location?: number | undefined;
}

export function typed(
  sql: string,
  type: PgTypeName,
  { scale = 0, typmod = -1 }: { readonly scale?: Scale; readonly typmod?: number } = {},
): Expression {
  return { sql, type, typmod, scale };
}

/** Casts what DuckDB may have made of another type. */
export function castTo(sql: string, type: PgTypeName, scale = 0): Expression {
  return typed(`CAST(${sql} AS ${duckdbTypeOf(type, scale)})`, type, { scale });
}

/** An error of PostgreSQL's that a value brings about; the face reads the code out of DuckDB's message. */
export function raise(sqlstate: string, message: string): string {
  return `error('sqlstate ${sqlstate}: ${message.replaceAll("'", "''")}')`;
}

/** What an error of DuckDB's is to a client: the code that `raise` put into it, or a value that left its type; null for others. */
export function raised(message: string): { sqlstate: string; message: string } | null {
  const [, sqlstate, said] = /sqlstate ([0-9A-Z]{5}): ([^\n]*)/.exec(message) ?? [];
  if (sqlstate !== undefined && said !== undefined) return { sqlstate, message: said };
  if (
    /(INT128|HUGEINT|DECIMAL)/.test(message) &&
    /overflow|out of range|could not convert string/i.test(message)
  ) {
    return { sqlstate: '0A000', message: 'a number of more than 38 digits is not held here' };
  }
  if (message.includes('More than one row returned by a subquery')) {
    return {
      sqlstate: '21000',
      message: 'more than one row returned by a subquery used as an expression',
    };
  }
  if (message.includes('must appear in the GROUP BY clause')) {
    return {
      sqlstate: '42803',
      message: 'a column must appear in the GROUP BY clause or be used in an aggregate function',
    };
  }
  return /^Out of Range Error|out of range|Failed to cast decimal value/.test(message)
    ? { sqlstate: '22003', message: 'value out of range' }
    : null;
}

/** A parameter without a value, where a statement is only described: anything may be bound to it. */
export function isOpen({ sql }: Expression): boolean {
  return /^(CAST\()?\$\d+( AS [A-Z ]+\))?$/.test(sql);
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
