import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNEL_BYTES, renderKernel } from '../../../scripts/write-kernel.ts';
import { FingerprintBuilder } from '../../../src/domain/fingerprint/builder.ts';
import type { ColumnBytes } from '../../../src/domain/fingerprint.ts';
import { plainFingerprint, type Value } from '../../support/plain-fingerprint.ts';

const MAX_ROWS = 41;

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.uint8Array({ minLength: 8, maxLength: 8 }),
  fc.uint8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 70 }),
  fc.constant(null),
);
const rowsOf = (columns: number): fc.Arbitrary<Value[][]> =>
  fc.oneof(
    fc.array(fc.tuple(...Array.from({ length: columns }, () => value)), { maxLength: MAX_ROWS }),
    // What most columns are: all of one length.
    fc.array(
      fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), {
        minLength: columns,
        maxLength: columns,
      }),
      { maxLength: MAX_ROWS },
    ),
  );
/** Where batches end, and where the rows of a column are cut when they are added. */
const cuts = fc.array(fc.nat(MAX_ROWS), { maxLength: 4 });

/** Writes the values into `target`, with junk between them and behind; a null lies beyond it. */
function lay(target: Uint8Array, values: readonly Value[]): ColumnBytes {
  target.fill(0xa5);
  let at = 5;
  const offsets = Int32Array.from(values, (bytes) => {
    if (bytes === null) return 0x7ffffff0;
    const offset = at;
    target.set(bytes, offset);
    at += bytes.length + 3;
    return offset;
  });
  return {
    view: new DataView(target.buffer, target.byteOffset, target.byteLength),
    offsets,
    lengths: Int32Array.from(values, (bytes) => bytes?.length ?? -1),
  };
}

function sortedCuts(all: readonly number[], rows: number): number[] {
  const inside = all.filter((cut) => cut < rows).sort((a, b) => a - b);
  return [0, ...inside, rows];
}

describe('rows that are hashed four at a time', () => {
  it.each([
    ['lie where they were read to', true, 0],
    ['are copied from little memory', false, 10_000],
    ['are copied from much memory', false, 100_000],
  ])('I1: are hashed as the definition says, where they %s', (_, isLent, copied) => {
    fc.assert(
      fc.property(rowsOf(3), cuts, cuts, (rows, batchCuts, columnCuts) => {
        const names = ['a', 'b', 'c'];
        const builder = new FingerprintBuilder(names, MAX_ROWS);
        const room = isLent ? builder.hasher.lendRoom(10_000, 0) : new Uint8Array(copied);
        const ends = sortedCuts(batchCuts, rows.length);
        ends.slice(1).forEach((end, index) => {
          const batch = rows.slice(ends[index], end);
          names.forEach((__, column) => {
            const bytes = lay(
              room,
              batch.map((row) => row[column] ?? null),
            );
            const pieces = sortedCuts(columnCuts, batch.length);
            pieces.slice(1).forEach((to, piece) => {
              builder.addColumn(column, bytes, pieces[piece]!, to);
            });
          });
          builder.endBatch(batch.length);
        });
        expect(builder.finish()).toEqual(plainFingerprint(names, rows));
        // The next one works in the memory that this one leaves.
        builder.hasher.giveBack();
      }),
      { numRuns: 400 },
    );
  });

  it('I1: have the fingerprint that files of earlier versions carry', () => {
    const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex');
    const builder = new FingerprintBuilder(['price', 'symbol'], MAX_ROWS);
    const prices = [bytes('4059000000000000'), null, bytes('7ff8000000000000')];
    const symbols = [Buffer.from('BTCUSDT'), Buffer.from(''), null];
    [prices, symbols].forEach((values, column) => {
      builder.addColumn(column, lay(new Uint8Array(100), values), 0, 3);
    });
    builder.endBatch(3);
    expect(builder.finish()).toEqual(GOLDEN);
  });

  it('are hashed whole where one value has 20 MB and the next a few bytes', () => {
    const builder = new FingerprintBuilder(['a', 'b'], MAX_ROWS);
    const huge = new Uint8Array(20 << 20).map((_, index) => index & 0xff);
    const rows: Value[][] = [
      [Buffer.from('first'), huge],
      [huge, Buffer.from('last')],
    ];
    for (const [a = null, b = null] of rows) {
      builder.addColumn(0, lay(new Uint8Array(21 << 20), [a]), 0, 1);
      builder.addColumn(1, lay(new Uint8Array(21 << 20), [b]), 0, 1);
      builder.endBatch(1);
    }
    expect(builder.finish()).toEqual(plainFingerprint(['a', 'b'], rows));
  });

  it('stay where they are while more room is lent, or less', () => {
    const builder = new FingerprintBuilder(['a', 'b'], MAX_ROWS);
    const { hasher } = builder;
    const values = [Buffer.from('row one'), Buffer.from('row two is longer'), null];
    const { offsets, lengths } = lay(hasher.lendRoom(1000, 0), values);
    const viewOf = ({ buffer, byteOffset }: Uint8Array<ArrayBuffer>): DataView =>
      new DataView(buffer, byteOffset);
    builder.addColumn(0, { view: viewOf(hasher.lendRoom(9 << 20, 1000)), offsets, lengths }, 0, 3);
    builder.addColumn(1, { view: viewOf(hasher.lendRoom(1000, 1000)), offsets, lengths }, 0, 3);
    builder.endBatch(3);
    expect(builder.finish()).toEqual(
      plainFingerprint(
        ['a', 'b'],
        values.map((bytes) => [bytes, bytes]),
      ),
    );
  });

  it('are refused where they would overwrite those in the room, or be too many', () => {
    const builder = new FingerprintBuilder(['a'], MAX_ROWS);
    const elsewhere = lay(new Uint8Array(100), [Buffer.from('x')]);
    expect(() => builder.addColumn(0, elsewhere, 0, MAX_ROWS + 1)).toThrow(
      /row 42 of a batch of 41/,
    );
    builder.hasher.lendRoom(100, 0);
    expect(() => builder.addColumn(0, elsewhere, 0, 1)).toThrow(/lie elsewhere/);
  });
});

describe('the kernel', () => {
  it('is what its compiler makes of its source (npm run kernel:write)', () => {
    expect(readFileSync(KERNEL_BYTES, 'utf8')).toBe(renderKernel());
  });
});

const GOLDEN = {
  rows: 3,
  rowHash: '7885b384762134fb',
  columns: [
    { name: 'price', nulls: 1, values: '46f97b77faa840b2' },
    { name: 'symbol', nulls: 1, values: '42c614264890f8bd' },
  ],
};
