/**
 * Where a page ended, as its reader gives it back: the last row's time and key, and how many rows with
 * both were shown. It says which question it belongs to. Its values are parameters like any others, so
 * that a made-up one reads nothing that its maker could not ask for anyway.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from './dataset-shape.ts';

export interface Cursor {
  readonly values: readonly (string | null)[];
  readonly skip: number;
}

const MAX_CURSOR_LENGTH = 8_192;

const written = z.strictObject({
  q: z.string(),
  v: z.array(z.string().nullable()),
  n: z.int().min(1).max(1_000_000_000),
});

/** Changes with whatever decides which rows come in which order. */
export function questionOf(parts: object): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}

export function cursorText(question: string, { values, skip }: Cursor): string {
  return Buffer.from(JSON.stringify({ q: question, v: values, n: skip })).toString('base64url');
}

/** @throws TierdError QUERY_INVALID for one of another question, and for what is none */
export function readCursor(text: string, question: string, columns: number): Cursor {
  const read = written.safeParse(parse(text));
  if (!read.success || read.data.v.length !== columns) {
    throw invalid(
      'cursor: this is none that tierd gave. Nothing was read.',
      'Give back the header Tierd-Next-Cursor of the page before, as it was; or leave it out to begin anew.',
    );
  }
  if (read.data.q !== question) {
    throw invalid(
      'cursor: it is of another question, or the columns or the unique key of the table have changed since. Nothing was read.',
      'Ask for the next page with the parameters of the first; or leave it out to begin anew.',
    );
  }
  return { values: read.data.v, skip: read.data.n };
}

function parse(text: string): unknown {
  if (text.length > MAX_CURSOR_LENGTH) return null;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
