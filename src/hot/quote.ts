/** The one place where names and literals become SQL text. */
import pg from 'pg';
import type { TableRef } from '../domain/table.ts';

/** A name as an identifier, always in double quotes. */
export function quoteName(name: string): string {
  refuseNul(name);
  return pg.escapeIdentifier(name);
}

/** `"schema"."table"`: always qualified, so that search_path has no say. */
export function quoteTable(table: TableRef): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/** A value as a literal, for the statements that take no parameters (SET, COPY). */
export function quoteLiteral(value: string): string {
  refuseNul(value);
  return pg.escapeLiteral(value);
}

/** NUL ends a field on the wire: what follows it would be read as something else. */
function refuseNul(text: string): void {
  if (text.includes('\0')) throw new RangeError('a NUL character can not be part of SQL text');
}
