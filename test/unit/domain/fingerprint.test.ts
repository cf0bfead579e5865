import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FingerprintBuilder } from '../../../src/domain/fingerprint/builder.ts';
import {
  addFingerprints,
  type ColumnBytes,
  compareFingerprints,
  type SliceFingerprint,
} from '../../../src/domain/fingerprint.ts';

type Value = Uint8Array | null;
type Row = readonly [Value, Value, Value];

const NAMES = ['a', 'b', 'c'];
const MAX_ROWS = 64;

function columnOf(values: readonly Value[]): ColumnBytes {
  const lengths = Int32Array.from(values, (value) => value?.length ?? -1);
  // A hole before each value: where it lies must not matter.
  let end = 3;
  const offsets = Int32Array.from(values, (value) => {
    const offset = end;
    end += (value?.length ?? 0) + 1;
    return offset;
  });
  const bytes = new Uint8Array(end + 8).fill(0xa5);
  values.forEach((value, row) => {
    if (value !== null) bytes.set(value, offsets[row]);
  });
  return { view: new DataView(bytes.buffer), offsets, lengths };
}

function fingerprintOf(rows: readonly Row[], batchRows = MAX_ROWS): SliceFingerprint {
  const builder = new FingerprintBuilder(NAMES, MAX_ROWS);
  for (let from = 0; from < rows.length; from += batchRows) {
    const batch = rows.slice(from, from + batchRows);
    NAMES.forEach((_, index) => {
      const bytes = columnOf(batch.map((row) => row[index]!));
      const half = batch.length >> 1;
      builder.addColumn(index, bytes, 0, half);
      builder.addColumn(index, bytes, half, batch.length);
    });
    builder.endBatch(batch.length);
  }
  return builder.finish();
}

const value: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 20 }), weight: 3 },
  { arbitrary: fc.uint8Array({ minLength: 8, maxLength: 8 }), weight: 3 },
  { arbitrary: fc.constant(null), weight: 1 },
);
const row = fc.tuple(value, value, value);
const someRows = fc.array(row, { minLength: 1, maxLength: 40 });

const sameBytes = (a: Value, b: Value): boolean =>
  a === null || b === null ? a === b : Buffer.compare(a, b) === 0;

describe('the fingerprint of a slice', () => {
  it('does not depend on the order of the rows, nor on how they were batched', () => {
    fc.assert(
      fc.property(
        someRows.chain((rows) =>
          fc.tuple(
            fc.constant(rows),
            fc.shuffledSubarray(rows, { minLength: rows.length }),
            fc.integer({ min: 1, max: MAX_ROWS }),
          ),
        ),
        ([rows, shuffled, batchRows]) => {
          expect(fingerprintOf(shuffled, batchRows)).toEqual(fingerprintOf(rows));
        },
      ),
    );
  });

  it('I1: is another when one bit of one value is', () => {
    fc.assert(
      fc.property(someRows, fc.nat(), fc.nat(2), fc.nat(), (rows, at, column, bit) => {
        const target: Value = rows[at % rows.length]![column] ?? null;
        if (target === null || target.length === 0) return;
        const flipped = Uint8Array.from(target);
        const position = bit % (flipped.length * 8);
        flipped[position >> 3] = flipped[position >> 3]! ^ (1 << (position & 7));
        const changed = rows.map((original, index) =>
          index === at % rows.length
            ? (original.map((old, c) => (c === column ? flipped : old)) as unknown as Row)
            : original,
        );
        const differences = compareFingerprints(fingerprintOf(rows), fingerprintOf(changed));
        expect(differences.map(({ column: name, what }) => [name, what])).toEqual([
          [NAMES[column], 'values'],
          [null, 'row hash'],
        ]);
      }),
    );
  });

  it('I1: is another when two rows change one of their values for the other’s', () => {
    fc.assert(
      fc.property(row, row, fc.nat(2), (first, second, column) => {
        fc.pre(!sameBytes(first[column]!, second[column]!));
        fc.pre(first.some((v, index) => index !== column && !sameBytes(v, second[index]!)));
        const swap = (into: Row, from: Row): Row =>
          into.map((old, index) => (index === column ? from[index] : old)) as unknown as Row;
        const before = fingerprintOf([first, second]);
        const after = fingerprintOf([swap(first, second), swap(second, first)]);
        expect(compareFingerprints(before, after).map(({ what }) => what)).toEqual(['row hash']);
      }),
    );
  });

  it('I1: is another when two columns change places', () => {
    fc.assert(
      fc.property(row, ([a, b, c]) => {
        fc.pre(!sameBytes(a, b));
        expect(fingerprintOf([[a, b, c]]).rowHash).not.toBe(fingerprintOf([[b, a, c]]).rowHash);
      }),
    );
  });

  it('I1: is another when a row is lost, added or doubled', () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const whole = fingerprintOf(rows);
        const whats = (other: Row[]): string[] =>
          compareFingerprints(whole, fingerprintOf(other)).map(({ what }) => what);
        expect(whats(rows.slice(1))[0]).toBe('rows');
        expect(whats([...rows, rows[0]!])[0]).toBe('rows');
        if (rows.length > 1 && !rows[0]!.every((v, index) => sameBytes(v, rows[1]![index]!))) {
          expect(whats([rows[0]!, rows[0]!, ...rows.slice(2)])).toContain('row hash');
        }
      }),
    );
  });

  it('I6: tells null, the empty value and zero bytes of any length apart', () => {
    const values: Value[] = [
      null,
      ...Array.from({ length: 20 }, (_, size) => new Uint8Array(size)),
    ];
    const prints = values.map((v) => JSON.stringify(fingerprintOf([[v, null, null]])));
    expect(new Set(prints).size).toBe(values.length);
  });

  it('adds up: the files of a slice have its fingerprint together', () => {
    fc.assert(
      fc.property(someRows, someRows, (left, right) => {
        expect(addFingerprints(fingerprintOf(left), fingerprintOf(right))).toEqual(
          fingerprintOf([...left, ...right]),
        );
      }),
    );
  });

  it('mixes: one bit of a value changes about half the bits of each lane', () => {
    const lanes = (bytes: Uint8Array): number[] => {
      const hex = fingerprintOf([[bytes, null, null]]).columns[0]!.values;
      return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8), 16)];
    };
    const flips = [0, 0];
    let trials = 0;
    for (const size of [1, 4, 7, 8, 13, 16]) {
      for (let seed = 0; seed < 40; seed += 1) {
        const base = Uint8Array.from({ length: size }, (_, i) => (seed * 167 + i * 59) & 0xff);
        const before = lanes(base);
        for (let bit = 0; bit < size * 8; bit += 1) {
          const changed = Uint8Array.from(base);
          changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
          const after = lanes(changed);
          for (const lane of [0, 1]) {
            flips[lane] = flips[lane]! + bitsIn((before[lane]! ^ after[lane]!) >>> 0);
          }
          trials += 1;
        }
      }
    }
    for (const total of flips) {
      expect(total / trials).toBeGreaterThan(15.5);
      expect(total / trials).toBeLessThan(16.5);
    }
  });

  it('has no lane that misses what the other misses: changes of a high bit that cancel out', () => {
    // In a chain of multiply and shift alone, bit 31 of one word and two bits of the next cancel.
    const base = new Uint8Array(8);
    const seen = new Set<string>();
    for (let first = 0; first < 32; first += 1) {
      for (let second = 0; second < 32; second += 1) {
        for (let third = second; third < 32; third += 1) {
          const view = new DataView(Uint8Array.from(base).buffer);
          view.setUint32(0, (1 << first) >>> 0);
          view.setUint32(4, ((1 << second) | (1 << third)) >>> 0);
          seen.add(fingerprintOf([[new Uint8Array(view.buffer), null, null]]).columns[0]!.values);
        }
      }
    }
    expect(seen.size).toBe(32 * ((32 * 33) / 2));
  });
});

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest >>>= 1) count += rest & 1;
  return count;
}
