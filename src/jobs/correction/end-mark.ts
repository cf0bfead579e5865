/**
 * A line `\.` outside of quotes: before version 18 PostgreSQL takes it for the end of what is copied, and
 * says nothing of what comes after it. https://www.postgresql.org/docs/18/release-18.html
 */
import { unreadable } from '../../lake/table-file.ts';

const [LINE_FEED, CARRIAGE_RETURN, QUOTE, BACKSLASH, DOT] = [10, 13, 34, 92, 46];

/** How much of the mark the line has so far, and nothing else. */
type Seen = '' | '\\' | '\\.' | 'other';

/**
 * @param hasQuotes whether a text in double quotes may go over several lines
 * @throws TierdError USAGE before the piece is passed on in which such a line ends
 */
export async function* withoutEndMark(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
  hasQuotes: boolean,
): AsyncGenerator<Uint8Array> {
  let [isQuoted, seen, line]: [boolean, Seen, number] = [false, '', 1];
  const assertNone = (): void => {
    if (seen !== '\\.') return;
    throw unreadable(file, `its line ${String(line)} is \\., where PostgreSQL would stop reading`);
  };
  for await (const piece of pieces) {
    for (const byte of piece) {
      if (byte === QUOTE && hasQuotes) {
        isQuoted = !isQuoted;
        seen = 'other';
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        if (!isQuoted) {
          assertNone();
          seen = '';
        }
        if (byte === LINE_FEED) line += 1;
      } else {
        seen = next(seen, byte);
      }
    }
    yield piece;
  }
  assertNone();
}

function next(seen: Seen, byte: number): Seen {
  if (seen === '' && byte === BACKSLASH) return '\\';
  return seen === '\\' && byte === DOT ? '\\.' : 'other';
}
