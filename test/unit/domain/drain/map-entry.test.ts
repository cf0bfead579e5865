import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../../../src/domain/drain/convert.ts';
import {
  type Mapped,
  prepareMapping,
  type RowPlan,
} from '../../../../src/domain/drain/map-entry.ts';
import type { OnMissing, ValueOrigin, ValueType } from '../../../../src/domain/drain/source.ts';
import { parseKeyPattern } from '../../../../src/domain/live/key-pattern.ts';
import { fieldValues, type LiveEntry } from '../../../../src/domain/live/live-entry.ts';

type Column = RowPlan['columns'][number];

function column(
  origin: string | ValueOrigin,
  type: ValueType = 'text',
  onMissing: OnMissing = { then: 'reject' },
  countsIn: Target['countsIn'] = null,
): Column {
  const from = typeof origin === 'string' ? ({ from: 'field', name: origin } as const) : origin;
  const name = 'name' in from ? from.name : 'constant';
  return { column: name, origin: from, type, onMissing, target: { type, countsIn } };
}

function map(
  columns: readonly Column[],
  entry: Partial<LiveEntry>,
  format: RowPlan['format'] = 'hash',
): Mapped {
  const plan: RowPlan = {
    pattern: parseKeyPattern('tick:{symbol}'),
    format,
    maxEntryBytes: 1_000,
    columns,
    timeIndex: columns.findIndex(({ type }) => type.startsWith('time_')),
  };
  return prepareMapping(plan)(
    {
      key: 'tick:AAPL',
      id: null,
      payload: { kind: 'fields', names: [], values: fieldValues([]) },
      ...entry,
    },
    { capturedUs: 1_500_000, nameOf: () => 'its-name' },
  );
}

function hash(fields: Readonly<Record<string, string | Buffer>>): Partial<LiveEntry> {
  return {
    payload: {
      kind: 'fields',
      names: Object.keys(fields),
      values: fieldValues(Object.values(fields).map((value) => Buffer.from(value as string))),
    },
  };
}

function json(text: string | Buffer): Partial<LiveEntry> {
  return { payload: { kind: 'value', value: Buffer.from(text as string) } };
}

const reasonOf = (mapped: Mapped): string | null =>
  'reason' in mapped ? `${mapped.reason.code}: ${mapped.reason.text}` : null;

describe('an entry becomes a row', () => {
  it('of fields, captures, constants and what is known of it', () => {
    const columns = [
      column('price', 'number'),
      column({ from: 'capture', name: 'symbol' }),
      column({ from: 'constant', text: 'redis' }),
      column({ from: 'built-in', name: '$key' }),
      column({ from: 'built-in', name: '$time' }, 'time_ms'),
      column({ from: 'built-in', name: '$captured' }, 'time_us'),
      column({ from: 'built-in', name: '$value' }, 'json'),
      column({ from: 'built-in', name: '$flags' }),
    ];
    expect(map(columns, { id: '1700000000000-3', ...hash({ price: '1.10', x: 'é"' }) })).toEqual({
      values: [
        '1.10',
        'AAPL',
        'redis',
        'tick:AAPL',
        '2023-11-14 22:13:20+00',
        '1970-01-01 00:00:01.500000+00',
        '{"price":"1.10","x":"é\\""}',
        null,
      ],
      timeUs: 1_700_000_000_000_000,
    });
  });

  it('with numbers as they are written, from JSON too', () => {
    const text = '{"p":0.1234567890123456789,"q":1e5,"v":{"a":1.0}}';
    const columns = [column('p', 'number'), column('q', 'number'), column('v', 'json')];
    expect(map(columns, json(text), 'json')).toMatchObject({
      values: ['0.1234567890123456789', '1e5', '{"a":1.0}'],
    });
  });

  it('with what stands in for a missing value', () => {
    const columns = [
      column('a', 'number', { then: 'null' }),
      column('b', 'number', { then: 'default', text: '0' }),
      column('c', 'text', { then: 'null' }),
    ];
    expect(map(columns, hash({ a: '', c: '' }))).toMatchObject({ values: [null, '0', ''] });
  });

  it('with bytes as they are', () => {
    const columns = [column('raw', 'bytes')];
    expect(map(columns, hash({ raw: Buffer.from([0, 255]) }))).toMatchObject({
      values: ['\\x00ff'],
    });
  });

  it('with the last of two fields of one name', () => {
    const value = Buffer.from('2');
    const names = ['a', 'a'];
    const values = fieldValues([Buffer.from('1'), value]);
    const payload = { kind: 'fields', names, values } as const;
    expect(map([column('a')], { payload })).toMatchObject({ values: ['2'] });
  });

  it('with a count of its own unit where the time column is an integer', () => {
    const columns = [column('ts', 'time_ms', { then: 'reject' }, 's')];
    expect(map(columns, hash({ ts: '5000' }))).toEqual({ values: ['5'], timeUs: 5_000_000 });
    expect(reasonOf(map(columns, hash({ ts: '5001' })))).toContain('time_too_fine');
  });
});

describe('an entry that can be no row says why', () => {
  it.each([
    ['missing', 'number', {}],
    ['missing', 'number', { a: '' }],
    ['not_a_number', 'number', { a: 'NaN' }],
    ['not_a_number', 'number', { a: 'Infinity' }],
    ['not_a_number', 'number', { a: '1,5' }],
    ['not_an_integer', 'integer', { a: '1.0' }],
    ['not_a_boolean', 'boolean', { a: 'maybe' }],
    ['not_a_time', 'time_ms', { a: 'yesterday' }],
    ['not_json', 'json', { a: '{' }],
    ['nul_byte', 'text', { a: 'x\0y' }],
    ['not_utf8', 'text', { a: Buffer.from([0x66, 0xc3]) }],
    ['not_utf8', 'number', { a: Buffer.from([0xff]) }],
    ['too_large', 'text', { a: 'x'.repeat(1_001) }],
  ] as const)('%s, as %s from %j', (code, type, fields) => {
    expect(reasonOf(map([column('a', type)], hash(fields)))).toMatch(new RegExp(`^${code}: `));
  });

  it('with the column, what was found and what is wrong with it', () => {
    expect(reasonOf(map([column('price', 'number')], hash({ price: 'abc\u001b[31m' })))).toBe(
      'not_a_number: price: "abc\\u001b[31m": not a finite decimal number',
    );
  });

  it('when it is no JSON object, or no text', () => {
    expect(reasonOf(map([column('a')], json('[1]'), 'json'))).toMatch(/^not_json: /);
    expect(reasonOf(map([column('a')], json(Buffer.from([0xff])), 'json'))).toMatch(/^not_utf8: /);
  });

  it('but keeps a replacement character that really is in the text', () => {
    expect(map([column('a')], hash({ a: 'x\ufffd' }))).toMatchObject({ values: ['x\ufffd'] });
  });
});

it('any bytes at all become a row or a reason, never an exception', () => {
  const types = fc.constantFrom<ValueType>(
    'text',
    'number',
    'integer',
    'boolean',
    'json',
    'bytes',
    'time_s',
    'time_iso',
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), types, (bytes, type) => {
      const value = Buffer.from(bytes);
      for (const payload of [
        { kind: 'fields', names: ['a'], values: fieldValues([value]) } as const,
        { kind: 'value', value } as const,
      ]) {
        const format = payload.kind === 'value' ? 'json' : 'hash';
        const mapped = map([column('a', type)], { payload }, format);
        expect('reason' in mapped || mapped.values.length === 1).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});
