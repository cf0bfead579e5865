import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countTime, formatTime, parseTime } from '../../../../src/domain/drain/parse-time.ts';

const US = 1_705_321_845_123_456;

describe('a time', () => {
  it.each([
    ['1705321845.123456', 'time_s', US],
    ['1705321845123.456', 'time_ms', US],
    ['1705321845123456', 'time_us', US],
    ['1705321845123456000', 'time_ns', US],
    ['1705321845123456999', 'time_ns', US],
    ['1.705321845123456e9', 'time_s', US],
    ['1.5e3', 'time_ms', 1_500_000],
    ['2024-01-15T12:30:45.123456Z', 'time_iso', US],
    ['2024-01-15 12:30:45.123456000', 'time_iso', US],
    ['2024-01-15T14:00:45.123456+01:30', 'time_iso', US],
    ['2024-01-15T12:30:45,123456-0000', 'time_iso', US],
    ['2024-01-15', 'time_iso', 1_705_276_800_000_000],
    ['1969-12-31T23:59:59.999999Z', 'time_iso', -1],
    ['-0.000001', 'time_s', -1],
    ['-1', 'time_ns', -1],
    ['-0', 'time_ms', 0],
  ] as const)('%s as %s is exact', (text, type, us) => {
    expect(parseTime(text, type)).toBe(us);
  });

  it.each([
    ['soon', 'time_iso', 'not_a_time'],
    ['1705321845', 'time_iso', 'not_a_time'],
    ['2024-02-30', 'time_iso', 'not_a_time'],
    ['2024-01-15T24:00', 'time_iso', 'not_a_time'],
    ['2024-01-15T12:00:00+25:00', 'time_iso', 'not_a_time'],
    ['2024-01-15T12:30:45.1234567Z', 'time_iso', 'time_too_fine'],
    ['9999-12-31T00:00:00Z', 'time_iso', 'time_out_of_range'],
    ['infinity', 'time_iso', 'not_a_time'],
    ['NaN', 'time_ms', 'not_a_time'],
    ['', 'time_ms', 'not_a_time'],
    ['0x10', 'time_ms', 'not_a_time'],
    ['1705321845.1234567', 'time_s', 'time_too_fine'],
    ['1e400', 'time_ms', 'time_out_of_range'],
    ['1e300', 'time_ms', 'time_out_of_range'],
    ['9'.repeat(40), 'time_us', 'time_out_of_range'],
  ] as const)('%s as %s is refused as %s', (text, type, reason) => {
    expect(parseTime(text, type)).toBe(reason);
  });

  const anyUs = fc.maxSafeInteger();

  it('comes back from the text that PostgreSQL is sent, to the microsecond', () => {
    fc.assert(
      fc.property(anyUs, (us) => {
        expect(parseTime(formatTime(us), 'time_iso')).toBe(us === 0 ? 0 : us);
      }),
    );
  });

  it('comes back from a count in any unit that can say it', () => {
    fc.assert(
      fc.property(anyUs, (us) => {
        expect(parseTime(String(us), 'time_us')).toBe(us + 0);
        const ns = countTime(us, 'ns');
        expect(parseTime(ns ?? '', 'time_ns')).toBe(us + 0);
        const ms = countTime(us, 'ms');
        expect(ms === null ? us % 1000 !== 0 : parseTime(ms, 'time_ms') === us).toBe(true);
      }),
    );
  });

  it('of any text at all is a safe integer or a reason, never an exception', () => {
    const types = fc.constantFrom('time_s', 'time_ms', 'time_us', 'time_ns', 'time_iso');
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.eE:TZ ]{0,30}$/));
    fc.assert(
      fc.property(text, types, (written, type) => {
        const parsed = parseTime(written, type);
        expect(typeof parsed === 'string' || Number.isSafeInteger(parsed)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
