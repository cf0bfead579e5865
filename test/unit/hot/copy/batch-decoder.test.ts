import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ColumnPlan, Held } from '../../../../src/domain/columns/column-plan.ts';
import { planColumns } from '../../../../src/domain/columns/plan-columns.ts';
import type { SliceFingerprint } from '../../../../src/domain/fingerprint.ts';
import { BatchDecoder } from '../../../../src/hot/copy/batch-decoder.ts';
import {
  type BinaryRow,
  binaryRow,
  COPY_HEADER,
  COPY_TRAILER,
  int32,
} from '../../../support/codec/copy-in.ts';
import { copyOutMessages, message } from '../../../support/codec/copy-stream.ts';

function plan(name: string, held: Held, postgresType: string = held.kind): ColumnPlan {
  return { name, postgresType, held, select: `"${name}"`, duckdbType: 'ANY' };
}

const COLUMNS = [
  plan('i', { kind: 'int4' }),
  plan('t', { kind: 'timestamptz' }),
  plan('s', { kind: 'varchar' }),
];

interface Decoded {
  readonly rows: number;
  readonly values: readonly (string | null)[];
  readonly fingerprint: SliceFingerprint;
  readonly messages: string;
}

/** Feeds the chunks and takes down all that comes out, as text. */
function decode(chunks: readonly Uint8Array[], columns: readonly ColumnPlan[] = COLUMNS): Decoded {
  const decoder = new BatchDecoder({ columns, dataset: 'quotes', checkUtf8: false });
  const values: (string | null)[] = [];
  let messages = '';
  const take = (): void => {
    const batch = decoder.decode();
    for (let row = 0; row < batch.rows; row += 1) {
      for (const { data, width, validity } of batch.columns) {
        const valid = (new Uint8Array(validity)[row >> 3]! >> (row & 7)) & 1;
        const entry = Buffer.from(data, row * width, width);
        if (valid === 0) values.push(null);
        else if (batch.heap !== null && width === 16 && entry.readUInt32LE(0) > 12) {
          const offset = entry.readUInt32LE(8);
          const end = offset + entry.readUInt32LE(0);
          values.push(Buffer.from(batch.heap.subarray(offset, end)).toString('hex'));
        } else values.push(entry.toString('hex'));
      }
    }
    decoder.release();
  };
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let stop = decoder.scan(); stop !== 'needs bytes'; stop = decoder.scan()) {
      if (stop === 'batch full') take();
      else {
        const type = String.fromCharCode(decoder.message[0]!);
        messages += type;
        if (type === 'c' && decoder.pendingRows > 0) take();
      }
    }
  }
  return { rows: decoder.rows, values, fingerprint: decoder.finish(), messages };
}

const int8 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

const orNull = <T>(value: fc.Arbitrary<T>, bytes: (value: T) => Uint8Array) =>
  fc.option(value.map(bytes));

const anyRow: fc.Arbitrary<BinaryRow> = fc
  .record({
    i: orNull(fc.integer(), int32),
    t: orNull(fc.bigInt(0n, 2n ** 50n), int8),
    s: fc.option(fc.uint8Array({ maxLength: 40 })),
  })
  .map(({ i, t, s }) => [i, t, s]);

describe('decoding a COPY stream', () => {
  it('I6: gives the same whatever pieces the stream arrives in', () => {
    fc.assert(
      fc.property(
        fc.array(anyRow, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 }),
        (rows, sizes) => {
          const stream = Buffer.concat(copyOutMessages(rows, 3));
          const whole = decode([stream]);
          expect(whole).toMatchObject({ rows: rows.length, messages: 'HcCZ' });
          const pieces: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const size = sizes[turn % sizes.length]!;
            pieces.push(stream.subarray(at, at + size));
            at += size;
          }
          expect(decode(pieces)).toEqual(whole);
        },
      ),
    );
  });

  it('I6: gives the same when rows straddle every boundary: one byte at a time', () => {
    const rows: BinaryRow[] = [
      [int32(-5), int8(1n), Buffer.from('a string longer than twelve bytes')],
      [null, null, null],
      [int32(7), int8(-1n), Buffer.from('')],
    ];
    const stream = Buffer.concat(copyOutMessages(rows, 3));
    const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
    expect(decode(bytes)).toEqual(decode([stream]));
    for (let cut = 1; cut < stream.length; cut += 1) {
      expect(decode([stream.subarray(0, cut), stream.subarray(cut)])).toEqual(decode([stream]));
    }
  });

  it('gives batches of 2,048 rows, and smaller ones of wide rows', () => {
    const wide = Buffer.alloc(3 << 20, 'x');
    const rows: BinaryRow[] = [
      ...Array.from({ length: 5000 }, (_, row) => [int32(row), null, Buffer.from(`row ${row}`)]),
      ...Array.from({ length: 5 }, () => [null, null, wide]),
    ];
    const stream = Buffer.concat(copyOutMessages(rows, 3));
    const { rows: found, values } = decode([stream]);
    expect(found).toBe(5005);
    expect(values.at(-1)).toBe(wide.toString('hex'));
    expect(values.length).toBe(5005 * 3);
  });

  it('knows no rows but the trailer of an empty table', () => {
    expect(decode([Buffer.concat(copyOutMessages([], 3))])).toMatchObject({
      rows: 0,
      messages: 'HcCZ',
    });
  });
});

describe('a stream that is not what PostgreSQL documents', () => {
  const row = binaryRow([int32(1), int8(2n), Buffer.from('x')]);
  const header = (bytes: Uint8Array): Buffer => message('d', bytes);
  const changed = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(COPY_HEADER);
    copy[at] = byte;
    return copy;
  };
  const start = header(COPY_HEADER);

  it.for<[string, Buffer[]]>([
    ['has another signature', [header(changed(3, 0))]],
    ['has a header that is cut off', [header(COPY_HEADER.subarray(0, 12))]],
    ['has unknown flags', [header(changed(13, 1))]],
    ['has a header extension that goes beyond its message', [header(changed(18, 9))]],
    ['has a row of too few columns', [start, message('d', binaryRow([int32(1), null]))]],
    ['has a row of too many columns', [start, message('d', binaryRow([null, null, null, null]))]],
    ['has a row that is cut off', [start, message('d', row.subarray(0, -1))]],
    ['has a row with bytes after it', [start, message('d', Buffer.concat([row, row]))]],
    ['has a row of one byte', [start, message('d', row.subarray(0, 1))]],
    [
      'has a value of negative length',
      [start, message('d', Buffer.concat([Buffer.from([0, 3]), int32(-2), int32(-1), int32(-1)]))],
    ],
    [
      'has a value that is longer than its row',
      [
        start,
        message(
          'd',
          Buffer.concat([Buffer.from([0, 3]), int32(2 ** 31 - 1), int32(-1), int32(-1)]),
        ),
      ],
    ],
    ['goes on after its end', [start, message('d', COPY_TRAILER), message('d', row)]],
    [
      'has a message shorter than its own length',
      [start, Buffer.concat([Buffer.from('d'), int32(3)])],
    ],
    [
      'has a message of more than a gigabyte',
      [start, Buffer.concat([Buffer.from('d'), int32(2 ** 30 + 1)])],
    ],
    [
      'has an integer of the wrong length',
      [start, message('d', binaryRow([int8(1n), int8(2n), null])), message('c')],
    ],
    [
      'has a timestamp of the wrong length',
      [start, message('d', binaryRow([null, int32(1), null])), message('c')],
    ],
  ])('I1: is refused when it %s', ([, messages]) => {
    const failure = expect(() => decode([Buffer.concat(messages)]));
    failure.toThrow(expect.objectContaining({ code: 'COPY_STREAM_BROKEN' }));
  });

  it('takes a header extension as it must: it is skipped', () => {
    const extended = Buffer.concat([changed(18, 3), Buffer.from('abc'), row]);
    const stream = [header(extended), message('d', COPY_TRAILER), message('c')];
    expect(decode(stream).rows).toBe(1);
  });
});

/** What numeric_send makes of a value. */
function numeric(groups: readonly number[], weight: number, sign: number, scale: number): Buffer {
  const bytes = Buffer.alloc(8 + groups.length * 2);
  [groups.length, weight, sign, scale, ...groups].forEach((word, index) =>
    bytes.writeUInt16BE(word & 0xffff, index * 2),
  );
  return bytes;
}

describe('numbers', () => {
  const value = (held: Held, bytes: Uint8Array): bigint => {
    const stream = Buffer.concat(copyOutMessages([[bytes]], 1));
    const hex = decode([stream], [plan('n', held, 'numeric')]).values[0]!;
    const littleEndian = Buffer.from(hex, 'hex').reverse().toString('hex');
    return BigInt.asIntN(hex.length * 4, BigInt(`0x${littleEndian}`));
  };
  const decimal = (width: number, scale: number): Held => ({ kind: 'decimal', width, scale });

  it.for<[string, Held, Buffer, bigint]>([
    ['0 as numeric(4,2)', decimal(4, 2), numeric([], 0, 0, 2), 0n],
    ['12.34 as numeric(4,2)', decimal(4, 2), numeric([12, 3400], 0, 0, 2), 1234n],
    ['-99.99 as numeric(4,2)', decimal(4, 2), numeric([99, 9900], 0, 0x4000, 2), -9999n],
    ['0.00010000 as numeric(20,8)', decimal(20, 8), numeric([1], -1, 0, 8), 10_000n],
    ['-0.00000001 as numeric(20,8)', decimal(20, 8), numeric([1], -2, 0x4000, 8), -1n],
    ['10000 as numeric(9,0)', decimal(9, 0), numeric([1], 1, 0, 0), 10_000n],
    [
      '999999999999.99999999',
      decimal(20, 8),
      numeric([9999, 9999, 9999, 9999, 9999], 2, 0, 8),
      10n ** 20n - 1n,
    ],
    ['-10^37 as numeric(38,0)', decimal(38, 0), numeric([10], 9, 0x4000, 0), -(10n ** 37n)],
    [
      'the largest numeric(38,37)',
      decimal(38, 37),
      numeric([9, ...Array.from({ length: 9 }, () => 9999), 9000], 0, 0, 37),
      10n ** 38n - 1n,
    ],
    ['10^17 as numeric(18,0)', decimal(18, 0), numeric([10], 4, 0, 0), 10n ** 17n],
    [
      '-10^15-1 as numeric(18,0)',
      decimal(18, 0),
      numeric([1000, 0, 0, 1], 3, 0x4000, 0),
      -(10n ** 15n) - 1n,
    ],
  ])('I6: %s', ([, held, bytes, expected]) => {
    expect(value(held, bytes)).toBe(expected);
  });

  it.for<[string, Buffer]>([
    ['a header that is cut off', numeric([], 0, 0, 2).subarray(0, 6)],
    ['digits that are cut off', numeric([1, 2], 0, 0, 2).subarray(0, 10)],
    ['digits beyond its scale', numeric([1, 2345], 0, 0, 2)],
    ['groups beyond its scale', numeric([1, 0, 1], 0, 0, 2)],
    ['an unknown sign', numeric([1], 0, 0x1234, 2)],
  ])('I1: a number with %s is refused', ([, bytes]) => {
    expect(() => value(decimal(4, 2), bytes)).toThrow(
      expect.objectContaining({ code: 'COPY_STREAM_BROKEN' }),
    );
  });

  it('I6: with more digits than its type is refused as a value that is not held', () => {
    expect(() => value(decimal(4, 2), numeric([100], 0, 0, 2))).toThrow(
      expect.objectContaining({ code: 'VALUE_NOT_HELD' }),
    );
  });

  it.for([
    ['NaN', 0xc000],
    ['Infinity', 0xd000],
    ['-Infinity', 0xf000],
  ] as const)('I6: %s is named as a value that is not held', ([name, sign]) => {
    expect(() => value(decimal(4, 2), numeric([], 0, sign, 0))).toThrow(
      expect.objectContaining({
        code: 'VALUE_NOT_HELD',
        context: expect.objectContaining({ value: name }),
      }),
    );
  });
});

describe('text of a server that does not know its encoding', () => {
  it('I6: is refused where it is no UTF-8, and taken where it is', () => {
    const columns = planColumns(
      [
        {
          name: 's',
          typeName: 'text',
          baseType: {
            oid: 25,
            schema: 'pg_catalog',
            name: 'text',
            kind: 'b',
            typmod: -1,
            isArray: false,
            madeOf: [],
          },
          notNull: false,
          generated: false,
        },
      ],
      {},
    ).columns;
    const run = (bytes: Uint8Array): number => {
      const decoder = new BatchDecoder({ columns, dataset: 'quotes', checkUtf8: true });
      decoder.push(Buffer.concat(copyOutMessages([[bytes]], 1).slice(0, 3)));
      while (decoder.scan() === 'message');
      return decoder.decode().rows;
    };
    expect(run(Buffer.from('grüß 🙂'))).toBe(1);
    expect(() => run(Buffer.from([0x67, 0xfc]))).toThrow(
      expect.objectContaining({
        code: 'VALUE_NOT_HELD',
        message: expect.stringContaining('\\x67fc'),
      }),
    );
  });
});
