/** Names as they have to stand in the SQL that a hint shows. */
import type { TableRef } from './table.ts';

/** In double quotes: a name that is a word of SQL, or has capitals, can be typed as it stands. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function sqlTable({ schema, name }: TableRef): string {
  return `${sqlName(schema)}.${sqlName(name)}`;
}

/** A value as it has to stand there: a table's name too, where a function takes a regclass. */
export function sqlLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
