/** A text that PostgreSQL, Parquet and the engine all hold as it is. */
import { TierdError } from '../../domain/errors.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * @param what whose text it is, as the message begins
 * @throws TierdError QUERY_INVALID
 */
export function assertWholeText(what: string, text: string): void {
  const fault = faultOf(text);
  if (fault === null) return;
  throw new TierdError({
    code: 'QUERY_INVALID',
    message: `${what} has ${fault}, which no text of PostgreSQL or of the lake can hold. Nothing was run.`,
    hint: 'Leave it out, or send the text in another form, such as base64 or hexadecimal digits.',
  });
}

function faultOf(text: string): string | null {
  const nul = text.indexOf('\0');
  if (nul >= 0) return `the character NUL (at ${String(nul + 1)})`;
  const half = text.search(LONE_SURROGATE);
  return half < 0 ? null : `half of a surrogate pair (at ${String(half + 1)})`;
}
