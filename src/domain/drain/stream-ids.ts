/** Ids of a stream's entries: in order, and packed for the ledger. */

/** Zero-padded, so that ids sort as text as Redis sorts them: `<ms>-<seq>`, each up to 2^64. */
export function sortableId(id: string): string {
  const [ms = '', seq = '0'] = id.split('-', 2);
  return `${ms.padStart(20, '0')}-${seq.padStart(20, '0')}`;
}

/** The id that `sortableId` padded. */
export function plainId(sortable: string): string {
  const [ms = '0', seq = '0'] = sortable.split('-', 2);
  return `${BigInt(ms).toString()}-${BigInt(seq).toString()}`;
}

/** In the order of the stream. Both as Redis writes them, without zeros before their numbers. */
export function compareIds(a: string, b: string): number {
  const dash = a.indexOf('-');
  if (dash !== b.indexOf('-')) return dash - b.indexOf('-');
  // As text where that is the same: most ids of a batch are as long as each other.
  if (a.length === b.length || !a.startsWith(b.slice(0, dash))) return a === b ? 0 : a < b ? -1 : 1;
  return a.length - b.length;
}

/**
 * About two bytes for each of many ids in a row: what changed from the one before, as variable-length
 * numbers. Sorted on the way.
 */
export function packIds(ids: readonly string[]): Buffer {
  const sorted = isAscending(ids) ? ids : [...ids].sort(compareIds);
  const bytes: number[] = [];
  let lastMs = '0';
  let lastSeq = '0';
  for (const id of sorted) {
    const dash = id.indexOf('-');
    const ms = id.slice(0, dash);
    const seq = id.slice(dash + 1);
    pushNumber(bytes, difference(ms, lastMs));
    pushNumber(bytes, difference(seq, ms === lastMs ? lastSeq : '0'));
    lastMs = ms;
    lastSeq = seq;
  }
  return Buffer.from(bytes);
}

function isAscending(ids: readonly string[]): boolean {
  for (let index = 1; index < ids.length; index += 1) {
    if (compareIds(ids[index - 1] ?? '', ids[index] ?? '') > 0) return false;
  }
  return true;
}

/** So many digits are a number without loss. */
const SAFE_DIGITS = 15;

/** Of two numbers, the larger one first. */
function difference(larger: string, smaller: string): number | bigint {
  if (larger.length <= SAFE_DIGITS) return Number(larger) - Number(smaller);
  return BigInt(larger) - BigInt(smaller);
}

export function unpackIds(packed: Buffer): readonly string[] {
  const ids: string[] = [];
  let at = 0;
  let ms = 0n;
  let seq = 0n;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = packed[at] ?? 0;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < packed.length) {
    const step = next();
    const figure = next();
    ms += step;
    seq = step === 0n ? seq + figure : figure;
    ids.push(`${ms.toString()}-${seq.toString()}`);
  }
  return ids;
}

function pushNumber(bytes: number[], value: number | bigint): void {
  if (typeof value === 'number') {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
    bytes.push(rest);
    return;
  }
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
}
