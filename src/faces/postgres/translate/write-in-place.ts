/**
 * What postgres_fdw sends for a DELETE or UPDATE of a hypertable whose foreign chunk it may reach into. It is let through if it
 * reaches no cold row: so in its place is asked whether there is one.
 */
import { IN_PLACE } from '../../../domain/attached.ts';
import type { Token } from './parse-statements.ts';

export interface WriteInPlace {
  /** Gives a row where one would be hit. */
  readonly question: string;
  readonly tag: 'DELETE' | 'UPDATE' | 'SELECT';
  /** Whether rows are told, of which there will be none. */
  readonly givesRows: boolean;
}

const MAY_BE = new RegExp(
  `^(DELETE FROM|UPDATE) ${IN_PLACE}\\.|\\bFROM ${IN_PLACE}\\..* FOR UPDATE$`,
  's',
);

/** Null for every other text. */
export function writeInPlace(
  text: string,
  scan: (text: string) => readonly Token[],
): WriteInPlace | null {
  if (!MAY_BE.test(text)) return null;
  const words = outermost(scan(text));
  const bytes = Buffer.from(text);
  const cut = (from: number, to?: number): string => bytes.subarray(from, to).toString();
  const find = (word: string): Token | undefined => words.find((one) => one.text === word);
  const [first] = words;
  const [from, where, returning] = [find('from'), find('where'), find('returning')];
  const givesRows = returning !== undefined;
  if (first?.text === 'delete') {
    if (from === undefined || find('using') !== undefined) return null;
    const question = `SELECT 1 FROM ${cut(from.end, returning?.start)} LIMIT 1`;
    return { question, tag: 'DELETE', givesRows };
  }
  if (first?.text === 'update') {
    const set = find('set');
    if (set === undefined || from !== undefined) return null;
    const condition = where === undefined ? '' : cut(where.start, returning?.start);
    const question = `SELECT 1 FROM ${cut(first.end, set.start)} ${condition} LIMIT 1`;
    return { question, tag: 'UPDATE', givesRows };
  }
  const [lock] = words.slice(-2);
  const select = find('select');
  if (select === undefined || from === undefined || lock?.text !== 'for') return null;
  const question = `${cut(0, select.end)} 1 ${cut(from.start, lock.start)} LIMIT 1`;
  return { question, tag: 'SELECT', givesRows: true };
}

function outermost(tokens: readonly Token[]): readonly Token[] {
  let depth = 0;
  return tokens
    .filter(({ text }) => {
      if (text === ')') depth -= 1;
      const isOutside = depth === 0;
      if (text === '(') depth += 1;
      return isOutside;
    })
    .map((token) => ({ ...token, text: token.text.toLowerCase() }));
}
