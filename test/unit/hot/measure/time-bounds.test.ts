import { describe, expect, it } from 'vitest';
import { TierdError } from '../../../../src/domain/errors.ts';
import type { TimeColumn } from '../../../../src/domain/table.ts';
import { DAY_MS } from '../../../../src/domain/time/time-range.ts';
import {
  atOrAfter,
  integerToMs,
  integerToMsFloor,
  SLICEABLE,
  timeBounds,
  unsliceable,
} from '../../../../src/hot/measure/time-bounds.ts';
import { inlined, numbered, sql } from '../../../../src/hot/sql.ts';
import { boundToMs, parseRangeBound } from '../../../../src/hot/table/partition-bound.ts';

const column = (kind: TimeColumn['kind'], unit?: TimeColumn['unit']): TimeColumn =>
  unit === undefined ? { name: 'ts', kind } : { name: 'ts', kind, unit };
const day = { fromInclusive: Date.UTC(2024, 1, 29), toExclusive: Date.UTC(2024, 2, 1) };

describe('a range of time in the column’s own words', () => {
  it.each([
    [
      column('timestamptz'),
      `("ts" >= '2024-02-29T00:00:00.000Z'::timestamptz and "ts" < '2024-03-01T00:00:00.000Z'::timestamptz)`,
    ],
    [
      column('timestamp'),
      `("ts" >= '2024-02-29T00:00:00.000'::timestamp and "ts" < '2024-03-01T00:00:00.000'::timestamp)`,
    ],
    [column('date'), `("ts" >= '2024-02-29'::date and "ts" < '2024-03-01'::date)`],
    [column('integer', 's'), `("ts" >= '1709164800'::bigint and "ts" < '1709251200'::bigint)`],
    [
      column('integer', 'ns'),
      `("ts" >= '1709164800000000000'::bigint and "ts" < '1709251200000000000'::bigint)`,
    ],
  ])('%o', (time, text) => {
    expect(inlined(timeBounds(time, day))).toBe(text);
  });

  it('keeps values out of the text', () => {
    const bounds = timeBounds(column('timestamptz'), day, 't');
    expect(numbered(bounds)).toBe(`("t"."ts" >= $1::timestamptz and "t"."ts" < $2::timestamptz)`);
    expect(bounds.values).toEqual(['2024-02-29T00:00:00.000Z', '2024-03-01T00:00:00.000Z']);
  });

  it('leaves out a bound that no bigint reaches, so that nanoseconds before 1677 do not overflow', () => {
    const ns = column('integer', 'ns');
    expect(inlined(timeBounds(ns, SLICEABLE))).toBe('("ts" is not null)');
    const past = { fromInclusive: SLICEABLE.fromInclusive, toExclusive: 0 };
    expect(inlined(timeBounds(ns, past))).toBe(`("ts" < '0'::bigint)`);
    const farFuture = { fromInclusive: Date.UTC(3000, 0), toExclusive: Date.UTC(3001, 0) };
    expect(inlined(timeBounds(ns, farFuture))).toBe('false');
    const farPast = { fromInclusive: Date.UTC(1000, 0), toExclusive: Date.UTC(1001, 0) };
    expect(inlined(timeBounds(ns, farPast))).toBe('false');
    expect(inlined(atOrAfter(ns, Date.UTC(3000, 0)))).toBe('false');
    expect(inlined(unsliceable(ns))).toBe('("ts" is null or false or false)');
  });

  it('rounds a bound between two whole units up, before 1970 too', () => {
    const seconds = column('integer', 's');
    expect(timeBounds(seconds, { fromInclusive: 1500, toExclusive: 2500 }).values).toEqual([
      '2',
      '3',
    ]);
    expect(timeBounds(seconds, { fromInclusive: -1500, toExclusive: -1000 }).values).toEqual([
      '-1',
      '-1',
    ]);
  });

  it('refuses hours of a date column', () => {
    const hour = { fromInclusive: day.fromInclusive, toExclusive: day.fromInclusive + 3_600_000 };
    expect(() => timeBounds(column('date'), hour)).toThrow(TierdError);
  });

  it('names the years 1 and 10000 as PostgreSQL reads them', () => {
    expect(timeBounds(column('timestamptz'), SLICEABLE).values).toEqual([
      '0001-01-01T00:00:00.000Z',
      '10000-01-01T00:00:00.000Z',
    ]);
  });

  it('turns integers into milliseconds exactly, or says that they are not whole', () => {
    expect(integerToMs(-1n, 's')).toBe(-1000);
    expect(integerToMs(1_500n, 'us')).toBeNull();
    expect(integerToMsFloor(-1n, 'ns')).toBe(-1);
    expect(integerToMsFloor(1_999_999n, 'ns')).toBe(1);
  });
});

describe('the bounds of a partition', () => {
  it('are read as PostgreSQL prints them', () => {
    expect(
      parseRangeBound(`FOR VALUES FROM ('2024-01-01 00:00:00+00', MINVALUE) TO (5, 'it''s, (so)')`),
    ).toEqual({
      from: ['2024-01-01 00:00:00+00', null],
      to: ['5', `it's, (so)`],
    });
    expect(parseRangeBound('DEFAULT')).toBeNull();
    expect(parseRangeBound(`FOR VALUES IN ('a')`)).toBeNull();
    expect(parseRangeBound('FOR VALUES WITH (modulus 2, remainder 0)')).toBeNull();
  });

  it.each([
    ['timestamptz', '2024-01-01 06:00:00.25+00', Date.UTC(2024, 0, 1, 6, 0, 0, 250)],
    ['timestamptz', '2024-01-01 06:00:00.000001+00', null],
    ['timestamptz', '2024-01-01 06:00:00+02', null],
    ['timestamptz', '2024-01-01 06:00:00', null],
    ['timestamp', '2024-01-01 06:00:00', Date.UTC(2024, 0, 1, 6)],
    ['timestamp', '0044-03-15 00:00:00 BC', null],
    ['timestamptz', 'infinity', null],
    ['date', '2024-01-01', Date.UTC(2024, 0, 1)],
    ['date', '0001-01-01', SLICEABLE.fromInclusive],
  ] as const)('%s %s', (kind, literal, ms) => {
    expect(boundToMs(column(kind), literal)).toBe(ms);
  });

  it('of integers are read in their unit', () => {
    expect(boundToMs(column('integer', 'ns'), String(-BigInt(DAY_MS) * 1_000_000n))).toBe(-DAY_MS);
    expect(boundToMs(column('integer', 'us'), '1500')).toBeNull();
  });
});

describe('SQL as a value', () => {
  it('splices fragments and numbers the parameters across them', () => {
    const inner = sql`b = ${2} and c = ${'x'}`;
    const outer = sql`select ${1} where ${inner} or d = ${null}`;
    expect(numbered(outer)).toBe('select $1 where b = $2 and c = $3 or d = $4');
    expect(outer.values).toEqual([1, 2, 'x', null]);
  });

  it('quotes what it writes as literals', () => {
    expect(
      inlined(sql`select ${`it's`}, ${-1}::int, ${true}, ${null}, ${['a', `b'c`]}::text[]`),
    ).toBe(`select 'it''s', '-1'::int, 'true', null, array['a', 'b''c']::text[]`);
    expect(() => inlined(sql`${'a\0b'}`)).toThrow(RangeError);
  });
});
