/** Dates and timestamps of a portable dataset: ±infinity is a word that other engines don't know. */
import type { DecodeColumn } from './column-target.ts';

const MAX_INT32 = 0x7fffffff;
const MIN_INT32 = -0x80000000;
const MAX_UINT32 = 0xffffffff;

/** The same decoder, but an infinite value throws VALUE_NOT_HELD. */
export function finiteOnly(decode: DecodeColumn): DecodeColumn {
  return (source, rows, target) => {
    const { view, offsets, lengths } = source;
    for (let row = 0; row < rows; row += 1) {
      const value = infinityAt(view, offsets[row] as number, lengths[row] as number);
      if (value === null) continue;
      const reason = 'the dataset is portable, and other engines take infinity for a day far away';
      throw target.notHeld(value, reason);
    }
    decode(source, rows, target);
  };
}

/** PostgreSQL's infinities are the largest and the smallest integer of the value's four or eight bytes. */
function infinityAt(view: DataView, offset: number, length: number): string | null {
  if (length !== 4 && length !== 8) return null;
  const high = view.getInt32(offset);
  if (high !== MAX_INT32 && high !== MIN_INT32) return null;
  const low = length === 8 ? view.getUint32(offset + 4) : null;
  if (high === MAX_INT32) return low === null || low === MAX_UINT32 ? 'infinity' : null;
  return low === null || low === 0 ? '-infinity' : null;
}
