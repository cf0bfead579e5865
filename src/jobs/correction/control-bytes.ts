/** The byte 1 in lines of JSON, which quotes them as they are copied: two of them in a text would vanish without a word. */
import { unreadable } from '../../lake/table-file.ts';

const [MARK, LINE_FEED] = [1, 10];

/** @throws TierdError USAGE before the piece is passed on that has one */
export async function* withoutControlBytes(
  file: string,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let line = 1;
  for await (const piece of pieces) {
    const at = piece.indexOf(MARK);
    for (const byte of at < 0 ? piece : piece.subarray(0, at)) if (byte === LINE_FEED) line += 1;
    if (at >= 0) {
      const found = `its line ${String(line)} has a control character (U+0001) as it is, which JSON writes as \\u0001`;
      throw unreadable(file, found);
    }
    yield piece;
  }
}
