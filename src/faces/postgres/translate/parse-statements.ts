/** PostgreSQL's own parser, and the statements of a text. It is loaded when somebody first asks: 35 ms, 15 MB. */
import type * as LibPgQuery from 'libpg-query';
import type { Node } from 'libpg-query';
import { SqlRefusal } from './sql-refusal.ts';

type Parser = typeof LibPgQuery;

export interface Statement {
  /** Without the semicolon that ends it. */
  readonly text: string;
  readonly tree: Node;
}

/** Of a text: where it lies in its bytes. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface StatementParser {
  /**
   * None for a text of blanks and comments.
   *
   * @throws SqlRefusal 42601 with the position where it isn't SQL, 54001 where it is nested too deeply
   */
  statements(text: string): readonly Statement[];
  /** @throws what the scanner throws */
  tokens(text: string): readonly Token[];
  /** The text of the query inside a DECLARE, COPY or EXPLAIN. */
  innerText(statement: Statement): string;
}

/** Nothing that a person or a client writes comes near. */
const MAX_BYTES = 1 << 20;

let loading: Promise<StatementParser> | undefined;

export function loadParser(): Promise<StatementParser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<StatementParser> {
  const parser = await import('libpg-query');
  await parser.loadModule();
  return {
    statements: (text) => parse(parser, text),
    tokens: (text) => parser.scanSync(text).tokens,
    innerText: (statement) => innerText(parser, statement),
  };
}

function parse(parser: Parser, text: string): readonly Statement[] {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_BYTES) {
    throw new SqlRefusal(
      '54000',
      `a text of ${String(bytes.length)} bytes is too long for a statement`,
      {
        hint: 'The limit is 1 MB. Pass values as parameters.',
      },
    );
  }
  if (text.includes('\0')) throw new SqlRefusal('22021', 'a statement has no null bytes');
  if (text.trim() === '') return [];
  const { stmts = [] } = asRefusal(parser, () => parser.parseSync(text));
  return stmts.flatMap(({ stmt, stmt_location: from = 0, stmt_len: length = 0 }) => {
    const part = bytes.subarray(from, length === 0 ? undefined : from + length);
    return stmt === undefined ? [] : [{ text: part.toString().trim(), tree: stmt }];
  });
}

function asRefusal<T>(parser: Parser, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (parser.hasSqlDetails(error)) throw refused(error.message, error.sqlDetails?.cursorPosition);
    if (error instanceof RangeError)
      throw new SqlRefusal('54001', 'the statement is nested too deeply');
    throw error;
  }
}

function refused(message: string, cursor: number | undefined): SqlRefusal {
  if (message.startsWith('memory exhausted')) {
    return new SqlRefusal('54001', 'the statement is nested too deeply');
  }
  return new SqlRefusal('42601', message, {}, cursor === undefined ? null : cursor + 1);
}

function innerText(parser: Parser, { text, tree }: Statement): string {
  const { tokens } = parser.scanSync(text);
  const bytes = Buffer.from(text);
  const from = (index: number): string => bytes.subarray(tokens[index]?.start).toString();
  if ('DeclareCursorStmt' in tree) {
    return from(tokens.findIndex(({ text: word }) => word.toLowerCase() === 'for') + 1);
  }
  if ('ExplainStmt' in tree) {
    const query = /^(select|with|values|table|\()$/i;
    const skipped = tokens[1]?.text === '(' ? closing(tokens, 1) + 1 : 1;
    return from(tokens.findIndex(({ text: word }, index) => index >= skipped && query.test(word)));
  }
  if ('CopyStmt' in tree) {
    const open = tokens.findIndex(({ text: word }) => word === '(');
    return bytes.subarray(tokens[open]?.end, tokens[closing(tokens, open)]?.start).toString();
  }
  return text;
}

function closing(tokens: readonly { readonly text: string }[], open: number): number {
  let depth = 0;
  return tokens.findIndex(({ text }, index) => {
    if (index < open) return false;
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    return depth === 0;
  });
}
