import { describe, expect, it } from 'vitest';
import { boundsOf, timeBounds } from '../../../src/catalogue/bounds.ts';
import type { ColumnPlan, Held } from '../../../src/domain/columns/column-plan.ts';

const column = (held: Held): ColumnPlan => ({
  name: 'c',
  postgresType: '',
  held,
  select: '',
  duckdbType: '',
});

const hexOf = (held: Held, type: string, min: string | null, max: string | null) => {
  const { lower, upper } = boundsOf(column(held), type, { min, max });
  return [lower, upper].map((bytes) =>
    bytes === null ? null : Buffer.from(bytes).toString('hex'),
  );
};

describe('the bounds of a segment', () => {
  it('are numbers in little-endian, as wide as the table has the column', () => {
    expect(hexOf({ kind: 'int2' }, 'int', '-1', '258')).toEqual(['ffffffff', '02010000']);
    expect(hexOf({ kind: 'int4' }, 'long', '-1', '1')).toEqual([
      'ffffffffffffffff',
      '0100000000000000',
    ]);
  });

  it('are decimals in as few bytes as hold them with their sign', () => {
    const decimal: Held = { kind: 'decimal', width: 20, scale: 2 };
    expect(hexOf(decimal, 'decimal(20, 2)', '-1.28', '1.27')).toEqual(['80', '7f']);
    expect(hexOf(decimal, 'decimal(20, 2)', '-1.29', '1.28')).toEqual(['ff7f', '0080']);
    expect(hexOf(decimal, 'decimal(20, 2)', '0.00', '0.00')).toEqual(['00', '00']);
  });

  it('cut long text so that it stays a bound', () => {
    const text: Held = { kind: 'varchar' };
    const [lower, upper] = hexOf(text, 'string', 'a'.repeat(20), `${'z'.repeat(15)}\uffff\u{0}zzz`);
    expect(Buffer.from(lower ?? '', 'hex').toString()).toBe('a'.repeat(16));
    expect(Buffer.from(upper ?? '', 'hex').toString()).toBe(`${'z'.repeat(14)}{`);
    expect(hexOf(text, 'string', '', '\uffff'.repeat(17))).toEqual(['', null]);
    expect(hexOf(text, 'string', 'a', `${'\ud7ff'.repeat(16)}x`)[1]).toBe(
      Buffer.from(`${'\ud7ff'.repeat(15)}\ue000`).toString('hex'),
    );
  });

  it('are none where engines order text differently', () => {
    const text: Held = { kind: 'text' };
    expect(hexOf(text, 'string', '\ue000', 'x\u{10000}')).toEqual([null, null]);
  });

  it('are none where a value may stand in no order, or was not kept', () => {
    expect(hexOf({ kind: 'float8' }, 'double', '1.5', '2.5')).toEqual([null, null]);
    expect(hexOf({ kind: 'int4' }, 'int', '1', null)).toEqual([null, null]);
    expect(hexOf({ kind: 'uuid' }, 'uuid', 'a', 'b')).toEqual([null, null]);
  });

  it('of times are microseconds, of dates days, before 1970 as well', () => {
    const time = { name: 'c', kind: 'date' } as const;
    const days = timeBounds(time, -86_400_000_000n, 86_400_000_000n);
    expect(Buffer.from(days?.lower ?? []).toString('hex')).toBe('ffffffff');
    expect(Buffer.from(days?.upper ?? []).toString('hex')).toBe('01000000');
    expect(timeBounds({ name: 'c', kind: 'integer', unit: 's' }, 0n, 1n)).toBeNull();
  });
});
