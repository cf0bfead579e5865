import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { type AvroRecord, type AvroValue, writeAvroFile } from '../../../src/catalogue/avro.ts';
import { readAvro } from '../../support/iceberg-reader.ts';

const SCHEMA: AvroRecord = {
  type: 'record',
  name: 'row',
  fields: [
    { name: 'number', type: 'long', 'field-id': 1 },
    { name: 'word', type: ['null', 'string'], default: null, 'field-id': 2 },
    { name: 'raw', type: 'bytes', 'field-id': 3 },
    { name: 'flag', type: 'boolean', 'field-id': 4 },
    { name: 'list', type: { type: 'array', items: 'int', 'element-id': 6 }, 'field-id': 5 },
  ],
};

it('writes what another reader reads back, at the edges of each type', () => {
  const numbers = [0n, -1n, 1n, 63n, 64n, -64n, -65n, 2n ** 63n - 1n, -(2n ** 63n)];
  const rows = numbers.map((number, index) => ({
    number,
    word: index % 2 === 0 ? 'ü'.repeat(index * 40) : null,
    raw: randomBytes(index),
    flag: index % 3 === 0,
    list: Array.from({ length: index }, (_, n) => n - 4),
  }));
  const file = writeAvroFile(SCHEMA, { more: 'said' }, rows, randomBytes(16));
  const { metadata, records } = readAvro(Buffer.from(file));
  expect(metadata['more']).toBe('said');
  expect(records).toEqual(rows.map((row) => ({ ...row, list: row.list.map(BigInt) })));
});

it('writes the bytes that the specification has for zig-zag numbers', () => {
  const schema: AvroRecord = {
    type: 'record',
    name: 'row',
    fields: [{ name: 'n', type: 'int', 'field-id': 1 }],
  };
  const sync = Buffer.alloc(16, 7);
  const file = Buffer.from(writeAvroFile(schema, {}, [{ n: -64 }, { n: 64 }], sync));
  // Two records of three bytes: 7f, 80 01.
  expect(file.subarray(-21).toString('hex')).toBe(`04067f8001${'07'.repeat(16)}`);
});

it('writes a file without a block where there are no records', () => {
  expect(readAvro(Buffer.from(writeAvroFile(SCHEMA, {}, [], randomBytes(16)))).records).toEqual([]);
});

it.each<[string, AvroValue]>([
  ['a missing field', { number: 1 }],
  ['a number with a fraction', { number: 1.5, word: null, raw: Buffer.of(), flag: true, list: [] }],
  ['a text for bytes', { number: 1, word: null, raw: 'x', flag: true, list: [] }],
])('refuses %s', (_, row) => {
  expect(() => writeAvroFile(SCHEMA, {}, [row], randomBytes(16))).toThrow(RangeError);
});
