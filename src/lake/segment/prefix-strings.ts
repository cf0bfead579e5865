/** Strings with one byte put before each: `jsonb` travels as a version and its text. */
import { MAX_BATCH_ROWS } from '../../domain/columns/column-batch.ts';
import type { BytesWindow } from './string-reader.ts';

/** Each window is valid until the next. Nulls stay null. */
export function* prefixStrings(
  windows: Iterable<BytesWindow>,
  prefix: number,
): Generator<BytesWindow> {
  const offsets = new Int32Array(MAX_BATCH_ROWS);
  const lengths = new Int32Array(MAX_BATCH_ROWS);
  for (const { bytes, fromRow, toRow } of windows) {
    const source = new Uint8Array(bytes.view.buffer, bytes.view.byteOffset);
    const target = new Uint8Array(totalLength(bytes.lengths, fromRow, toRow));
    let at = 0;
    for (let row = fromRow; row < toRow; row += 1) {
      const length = bytes.lengths[row] as number;
      lengths[row] = length;
      if (length < 0) continue;
      const offset = bytes.offsets[row] as number;
      offsets[row] = at;
      lengths[row] = length + 1;
      target[at] = prefix;
      target.set(source.subarray(offset, offset + length), at + 1);
      at += length + 1;
    }
    yield { bytes: { view: new DataView(target.buffer), offsets, lengths }, fromRow, toRow };
  }
}

function totalLength(lengths: Int32Array, fromRow: number, toRow: number): number {
  let total = 0;
  for (let row = fromRow; row < toRow; row += 1) total += Math.max(0, lengths[row] as number) + 1;
  return total;
}
