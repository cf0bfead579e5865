const MARK = Buffer.from('\ufeff', 'utf8');

/** A text without the mark that some programs write before it: no part of the first name or value. */
export async function* withoutByteOrderMark(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let begin: Buffer | null = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (begin === null) {
      yield piece;
      continue;
    }
    begin = Buffer.concat([begin, piece]);
    if (begin.length < MARK.length) continue;
    yield begin.subarray(begin.indexOf(MARK) === 0 ? MARK.length : 0);
    begin = null;
  }
  if (begin !== null && begin.length > 0) yield begin;
}
