/** What a person typed, pure. */

/** A value of a parameter; null is NULL. */
export type Value = string | null;

/** The highest `$n` of a query, outside of texts and comments as far as they are simple. */
export function countParameters(sql: string): number {
  const bare = sql.replaceAll(/'[^']*'|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  const numbers = [...bare.matchAll(/(?<![\w$])\$(\d{1,2})(?![\w$])/g)].map(([, digits]) =>
    Number(digits),
  );
  return Math.max(0, ...numbers);
}

/** As many values as there are parameters; those that were not given are empty texts. */
export function valuesFor(count: number, given: readonly Value[]): readonly Value[] {
  return Array.from({ length: count }, (_, index) => given[index] ?? (index in given ? null : ''));
}

/** A cell is a line: the rest of a longer value is in what is downloaded. */
const SHOWN_CHARACTERS = 160;

export interface Cell {
  readonly text: string;
  readonly kind: 'number' | 'text' | 'null';
  readonly isCut: boolean;
}

export function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return { text: 'NULL', kind: 'null', isCut: false };
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  const characters = whole.length > SHOWN_CHARACTERS ? Array.from(whole) : [];
  const isCut = characters.length > SHOWN_CHARACTERS;
  const text = isCut ? `${characters.slice(0, SHOWN_CHARACTERS).join('')}…` : whole;
  return { text, kind: typeof value === 'number' ? 'number' : 'text', isCut };
}
