/**
 * Values that are bytes or text. A string of up to 12 bytes goes into its 16-byte entry; of a
 * longer one the entry says where it lies among the bytes received, so nothing is copied here. The
 * entry of a null is empty: a stale one would look like an address.
 */
import { isUtf8 } from 'node:buffer';
import { INLINE_STRING_BYTES } from '../../domain/columns/column-batch.ts';
import type { ColumnBytes } from '../../domain/fingerprint.ts';
import type { ColumnTarget, DecodeColumn } from './column-target.ts';

const JSONB_VERSION = 1;
/** How much of a word belongs to a string of which so many bytes are left: 0 to 4. */
const WORD_MASKS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

export function decodeBytes(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  for (let row = 0; row < rows; row += 1) {
    const length = lengths[row] as number;
    if (length < 0) target.words.fill(0, row * 4, row * 4 + 4);
    else writeEntry(view, offsets[row] as number, length, target, row);
  }
}

export function decodeText(checkUtf8: boolean): DecodeColumn {
  if (!checkUtf8) return decodeBytes;
  return (source, rows, target) => {
    checkColumnUtf8(source, rows, target);
    decodeBytes(source, rows, target);
  };
}

/** `jsonb` travels as a version byte and its text. */
export function decodeJsonb(checkUtf8: boolean): DecodeColumn {
  return (source, rows, target) => {
    if (checkUtf8) checkColumnUtf8(source, rows, target);
    const { view, offsets, lengths } = source;
    for (let row = 0; row < rows; row += 1) {
      const length = lengths[row] as number;
      if (length < 0) {
        target.words.fill(0, row * 4, row * 4 + 4);
        continue;
      }
      const offset = offsets[row] as number;
      if (length === 0 || view.getUint8(offset) !== JSONB_VERSION) {
        throw target.malformed('it has no or an unknown version');
      }
      writeEntry(view, offset + 1, length - 1, target, row);
    }
  };
}

/**
 * Reads whole words, up to 11 bytes beyond a short string: the scanner's buffer has that much
 * room. The rest of an inline string must be zeros, or DuckDB would not see equal strings as equal.
 */
function writeEntry(
  view: DataView,
  offset: number,
  length: number,
  target: ColumnTarget,
  row: number,
): void {
  const { words } = target;
  const entry = row * 4;
  words[entry] = length;
  if (length > INLINE_STRING_BYTES) {
    words[entry + 1] = view.getInt32(offset, true);
    words[entry + 2] = offset;
    words[entry + 3] = 0;
    target.usesHeap = true;
    return;
  }
  words[entry + 1] = view.getInt32(offset, true) & maskOf(length);
  words[entry + 2] = view.getInt32(offset + 4, true) & maskOf(length - 4);
  words[entry + 3] = view.getInt32(offset + 8, true) & maskOf(length - 8);
}

function maskOf(bytesLeft: number): number {
  return WORD_MASKS[Math.max(0, Math.min(4, bytesLeft))] as number;
}

function checkColumnUtf8(source: ColumnBytes, rows: number, target: ColumnTarget): void {
  const { view, offsets, lengths } = source;
  for (let row = 0; row < rows; row += 1) {
    const length = lengths[row] as number;
    if (length < 0) continue;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + (offsets[row] as number), length);
    if (isUtf8(bytes)) continue;
    throw target.notHeldAtAll(
      `\\x${Buffer.from(bytes.subarray(0, 32)).toString('hex')}${length > 32 ? '…' : ''}`,
      'it is not valid UTF-8, which all text in Parquet must be (the server encoding is SQL_ASCII)',
    );
  }
}
