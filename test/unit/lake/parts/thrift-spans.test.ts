import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Field,
  SpanReader,
  THRIFT,
  writeInteger,
  writeList,
  writeStruct,
  writeText,
} from '../../../../src/lake/parts/thrift-spans.ts';
import { openParquetBench, readWhole } from '../../../support/parquet-file.ts';

describe('spans of a footer', () => {
  /** Reads a struct with all that is in it, and writes it again. */
  function rewrite(reader: SpanReader, start: number): Uint8Array {
    return writeStruct(
      reader.struct(start).map((field) => ({ ...field, value: valueOf(reader, field) })),
    );
  }

  function valueOf(reader: SpanReader, field: Field): Uint8Array {
    if (field.type === THRIFT.struct) return rewrite(reader, field.start);
    if (field.type === THRIFT.i32 || field.type === THRIFT.i64) {
      return writeInteger(reader.integer(field));
    }
    if (field.type !== THRIFT.list) return reader.bytes.subarray(field.start, field.end);
    const { type, items } = reader.list(field);
    return writeList(
      type,
      items.map(({ start, end }) =>
        type === THRIFT.struct ? rewrite(reader, start) : reader.bytes.subarray(start, end),
      ),
    );
  }

  it('read and written again are the same bytes', async () => {
    const bench = await openParquetBench();
    try {
      for (const rows of [1, 5_000, 60_000]) {
        const path = await bench.write(
          `${String(rows)}.parquet`,
          `select n, 's' || n % 5 as text, n::decimal(30, 3) as money, n % 2 = 0 as flag, n / 7.0 as ratio,
                  timestamp '1969-12-31' + to_seconds(n) as at_time, encode('x' || n)::blob as raw
           from range(${String(rows)}) t(n)`,
          2048,
        );
        const { footer } = await readWhole(path);
        const again = rewrite(new SpanReader(footer.bytes), 0);
        expect(Buffer.compare(again, footer.bytes)).toBe(0);
      }
    } finally {
      await bench.destroy();
    }
  });

  it('hold any whole number and text', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger().map((value) => Math.trunc(value / 2)),
        fc.string(),
        fc.integer({ min: 1, max: 300 }),
        (number, text, id) => {
          const bytes = writeStruct([
            { id, type: THRIFT.i64, value: writeInteger(number) },
            { id: id + 1, type: THRIFT.binary, value: writeText(text) },
          ]);
          const reader = new SpanReader(bytes);
          const [first, second] = reader.struct(0) as [Field, Field];
          expect([first.id, second.id]).toEqual([id, id + 1]);
          expect(reader.integer(first)).toBe(number === 0 ? 0 : number);
          expect(Buffer.from(reader.binary(second)).toString()).toBe(Buffer.from(text).toString());
        },
      ),
    );
  });

  it('that end early, or are none, throw an Error and do nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          for (const field of new SpanReader(bytes).struct(0)) {
            if (field.type === THRIFT.list) new SpanReader(bytes).list(field);
          }
        } catch (error) {
          expect((error as Error).message).toMatch(/^a footer|^Thrift/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
