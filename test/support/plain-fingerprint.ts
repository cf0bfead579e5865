/**
 * A slice's fingerprint as it is defined, one value after the other. What `src` computes four rows
 * at a time must be the same: fingerprints are kept, in the ledger and in every file.
 */
import { lanesToHex, type SliceFingerprint } from '../../src/domain/fingerprint.ts';

/** The bytes of a value, or null. */
export type Value = Uint8Array | null;

type Lanes = readonly [a: number, b: number];

export function plainFingerprint(
  names: readonly string[],
  rows: readonly (readonly Value[])[],
): SliceFingerprint {
  const sum = (all: readonly Lanes[]): string =>
    lanesToHex(
      all.reduce((total, [a]) => (total + a) | 0, 0),
      all.reduce((total, [, b]) => (total + b) | 0, 0),
    );
  return {
    rows: rows.length,
    rowHash: sum(rows.map(rowLanes)),
    columns: names.map((name, column) => {
      const values = rows.flatMap((row) => row[column] ?? []);
      return { name, nulls: rows.length - values.length, values: sum(values.map(valueLanes)) };
    }),
  };
}

function rowLanes(row: readonly Value[]): Lanes {
  const [a, b] = row.reduce<Lanes>(
    ([rowA, rowB], value) => {
      const [a, b] = value === null ? NULL : valueLanes(value);
      return [chain(rowA, a), chain(rowB, b)];
    },
    [0x51ed270b, 0x7f4a7c15],
  );
  return [finish(a, 0), finish(b, 0)];
}

const NULL: Lanes = [0x3c6ef372, 0x1f83d9ab];

function valueLanes(value: Uint8Array): Lanes {
  let [a, b] = [0x2545f491, 0x6c8e9cf5];
  const padded = new DataView(new ArrayBuffer(Math.ceil(value.length / 4) * 4));
  new Uint8Array(padded.buffer).set(value);
  for (let at = 0; at < padded.byteLength; at += 4) {
    const word = padded.getInt32(at);
    const mixedA = Math.imul(a ^ word, 0x9e3779b1);
    a = mixedA ^ (mixedA >>> 15);
    const mixedB = Math.imul((b + word) | 0, 0x85ebca77);
    b = (mixedB << 13) | (mixedB >>> 19);
  }
  return [finish(a, value.length), finish(b, value.length)];
}

function finish(lane: number, length: number): number {
  let mixed = lane ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function chain(row: number, lane: number): number {
  return Math.imul(((row << 5) | (row >>> 27)) ^ lane, 0xcc9e2d51);
}
