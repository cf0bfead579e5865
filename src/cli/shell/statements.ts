/** Where one statement ends and the next begins, pure: by `;`, but not within a text or a comment. */

/** What a text is within: a quote, a dollar quote, a comment, or nothing. */
export type Within = "'" | '"' | '$' | '/*' | null;

export interface Split {
  /** Without their `;`, and without those that say nothing. */
  readonly complete: readonly string[];
  /** What follows the last `;`. Empty where that says nothing. */
  readonly rest: string;
  readonly within: Within;
}

interface Piece {
  readonly text: string;
  readonly kind: 'code' | 'quoted' | 'comment';
  /** What it still lacks an end of. */
  readonly within: Within;
}

export function splitStatements(text: string): Split {
  const complete: string[] = [];
  let statement = '';
  let says = false;
  let within: Within = null;
  for (const piece of piecesOf(text)) {
    ({ within } = piece);
    if (piece.kind !== 'code') {
      statement += piece.text;
      says ||= piece.kind === 'quoted' || piece.within !== null;
      continue;
    }
    const parts = piece.text.split(';');
    for (const [index, part] of parts.entries()) {
      if (index > 0) {
        if (says) complete.push(statement.trim());
        statement = '';
        says = false;
      }
      statement += part;
      says ||= part.trim() !== '';
    }
  }
  return { complete, rest: says ? statement : '', within };
}

/**
 * The same statement on one line, for the history: without its comments. Null where a text within it has
 * lines of its own.
 */
export function onOneLine(statement: string): string | null {
  let line = '';
  for (const { text, kind } of piecesOf(statement)) {
    if (kind === 'quoted' && /[\r\n]/.test(text)) return null;
    // A comment parts what stands before and behind it, as a blank does.
    const plain = kind === 'comment' ? ' ' : kind === 'code' ? text.replaceAll(/\s+/g, ' ') : text;
    line += kind !== 'quoted' && line.endsWith(' ') ? plain.trimStart() : plain;
  }
  return line.trim();
}

function* piecesOf(text: string): Generator<Piece> {
  let at = 0;
  while (at < text.length) {
    const next = SPECIAL.exec(text.slice(at));
    if (next === null) {
      yield { text: text.slice(at), kind: 'code', within: null };
      return;
    }
    const start = at + next.index;
    if (start > at) yield { text: text.slice(at, start), kind: 'code', within: null };
    const piece = pieceAt(text, start, next[0]);
    yield piece;
    at = start + piece.text.length;
  }
}

/** What ends the code: a comment, a quote (with its `e`, which makes `\'` a letter), a dollar quote. */
const SPECIAL = /--|\/\*|(?<![\w$])[eE]'|'|"|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$/;

function pieceAt(text: string, start: number, opening: string): Piece {
  if (opening === '--') {
    const end = text.indexOf('\n', start);
    return { text: text.slice(start, end < 0 ? undefined : end), kind: 'comment', within: null };
  }
  if (opening === '/*') return commentAt(text, start);
  if (opening.startsWith('$')) {
    const end = text.indexOf(opening, start + opening.length);
    return end < 0
      ? { text: text.slice(start), kind: 'quoted', within: '$' }
      : { text: text.slice(start, end + opening.length), kind: 'quoted', within: null };
  }
  const quote = opening.endsWith("'") ? "'" : '"';
  const pattern = opening.length > 1 ? ESCAPED : quote === "'" ? TEXT : NAME;
  const closed = pattern.exec(text.slice(start))?.[0];
  return closed === undefined
    ? { text: text.slice(start), kind: 'quoted', within: quote }
    : { text: closed, kind: 'quoted', within: null };
}

/** A doubled quote is a letter; of two that follow each other the second begins anew, which is the same. */
const TEXT = /^'[^']*'/;
const NAME = /^"[^"]*"/;
const ESCAPED = /^[eE]'(?:[^'\\]|\\[\s\S])*'/;

/** They nest. */
function commentAt(text: string, start: number): Piece {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) {
      return { text: text.slice(start, marks.lastIndex), kind: 'comment', within: null };
    }
  }
  return { text: text.slice(start), kind: 'comment', within: '/*' };
}
