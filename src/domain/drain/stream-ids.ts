/** Ids of a stream's entries: in order, and packed for the ledger. */

/** Zero-padded, so that ids sort as text as Redis sorts them: `<ms>-<seq>`, each up to 2^64. */
export function sortableId(id: string): string {
  const [ms = '', seq = '0'] = id.split('-', 2);
  return `${ms.padStart(20, '0')}-${seq.padStart(20, '0')}`;
}

/**
 * About two bytes for each of many ids in a row: what changed from the one before, as variable-length
 * numbers. Sorted on the way.
 */
export function packIds(ids: readonly string[]): Buffer {
  const pairs = ids.map(parseId).sort(compare);
  const bytes: number[] = [];
  let lastMs = 0n;
  let lastSeq = 0n;
  for (const { ms, seq } of pairs) {
    const step = ms - lastMs;
    pushNumber(bytes, step);
    pushNumber(bytes, step === 0n ? seq - lastSeq : seq);
    lastMs = ms;
    lastSeq = seq;
  }
  return Buffer.from(bytes);
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

interface Pair {
  readonly ms: bigint;
  readonly seq: bigint;
}

function parseId(id: string): Pair {
  const [ms = '0', seq = '0'] = id.split('-', 2);
  return { ms: BigInt(ms), seq: BigInt(seq) };
}

function compare(a: Pair, b: Pair): number {
  if (a.ms !== b.ms) return a.ms < b.ms ? -1 : 1;
  return a.seq === b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

function pushNumber(bytes: number[], value: bigint): void {
  let rest = value;
  // Most steps are small: no need of big arithmetic for them.
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
}
