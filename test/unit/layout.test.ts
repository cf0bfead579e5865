import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SliceUnit } from '../../src/domain/time/time-range.ts';
import { DAY_MS, floorToUnit, HOUR_MS, nextUnit } from '../../src/domain/time/time-range.ts';
import { parseSegmentKey, segmentKey } from '../../src/lake/layout.ts';
import { assertObjectKey } from '../../src/lake/object-key.ts';

const ID = '0123456789abcdef';
const at = (iso: string) => Date.parse(iso);
const whole = (iso: string, ms: number) => ({ fromInclusive: at(iso), toExclusive: at(iso) + ms });

const units = fc.constantFrom<SliceUnit>('hour', 'day', 'month');
const datasets = fc.stringMatching(/^[a-z][a-z0-9_]{0,62}$/);
const contentIds = fc.stringMatching(/^[0-9a-f]{12}$/);
const instants = fc.integer({ min: at('0001-01-01T00:00:00Z'), max: at('9999-12-31T23:59:59Z') });

describe('the place of a segment', () => {
  test('is a Hive partition of its day, hour or month in UTC', () => {
    expect(segmentKey('market_data', whole('2024-01-15T00:00:00Z', DAY_MS), 'day', ID)).toBe(
      'market_data/year=2024/month=01/day=15/market_data_20240115-0123456789ab.parquet',
    );
    expect(segmentKey('market_data', whole('2024-01-15T06:00:00Z', HOUR_MS), 'hour', ID)).toBe(
      'market_data/year=2024/month=01/day=15/hour=06/market_data_20240115T06-0123456789ab.parquet',
    );
    expect(segmentKey('market_data', whole('2024-01-01T00:00:00Z', 31 * DAY_MS), 'month', ID)).toBe(
      'market_data/year=2024/month=01/market_data_202401-0123456789ab.parquet',
    );
  });

  test('of a part of a day is that of the day', () => {
    expect(segmentKey('ticks', whole('2024-01-15T06:00:00Z', HOUR_MS), 'day', ID)).toBe(
      'ticks/year=2024/month=01/day=15/ticks_20240115-0123456789ab.parquet',
    );
  });

  test('has other folders where a column of the table has the name of one, in any case', () => {
    const key = (...columns: string[]) =>
      segmentKey('ticks', whole('2024-01-15T06:00:00Z', HOUR_MS), 'hour', ID, columns);
    const file = 'ticks_20240115T06-0123456789ab.parquet';
    const prefixed = `ticks/tierd_year=2024/tierd_month=01/tierd_day=15/tierd_hour=06/${file}`;
    expect(key('time', 'Year')).toBe(prefixed);
    expect(key('hour')).toBe(prefixed);
    expect(key('years', 'week')).toBe(`ticks/year=2024/month=01/day=15/hour=06/${file}`);
    expect(key('day', 'tierd_month')).toMatch(/^ticks\/tierd_tierd_year=2024\//);
    expect(parseSegmentKey(prefixed)).toEqual(parseSegmentKey(key('years')));
    expect(parseSegmentKey(key('day', 'tierd_month'))).not.toBeNull();
    expect(parseSegmentKey(`ticks/tierd_year=2024/month=01/${file}`)).toBeNull();
  });

  test('reads back to what it was made of, for any dataset, time, unit and content', () => {
    fc.assert(
      fc.property(datasets, instants, units, contentIds, (dataset, instant, unit, contentId) => {
        const start = floorToUnit(instant, unit);
        const range = { fromInclusive: start, toExclusive: nextUnit(start, unit) };
        const key = segmentKey(dataset, range, unit, contentId);
        expect(parseSegmentKey(key)).toEqual({ dataset, unit, start, contentId });
        expect(() => assertObjectKey(key)).not.toThrow();
      }),
    );
  });

  test('sorts by time within a dataset, for each unit', () => {
    fc.assert(
      fc.property(instants, instants, units, (a, b, unit) => {
        const key = (instant: number) => {
          const start = floorToUnit(instant, unit);
          return segmentKey('d', { fromInclusive: start, toExclusive: start + 1 }, unit, ID);
        };
        const [earlier, later] = [Math.min(a, b), Math.max(a, b)];
        expect(key(earlier) <= key(later)).toBe(true);
      }),
    );
  });

  test.each([
    [
      'a range over two days',
      () => segmentKey('d', whole('2024-01-15T00:00:00Z', DAY_MS + 1), 'day', ID),
    ],
    ['an empty range', () => segmentKey('d', whole('2024-01-15T00:00:00Z', 0), 'day', ID)],
    [
      'a dataset that is no name',
      () => segmentKey('../d', whole('2024-01-15T00:00:00Z', 1), 'day', ID),
    ],
    [
      'a dataset that readers would skip',
      () => segmentKey('_d', whole('2024-01-15T00:00:00Z', 1), 'day', ID),
    ],
    [
      'a content id that is no hash',
      () => segmentKey('d', whole('2024-01-15T00:00:00Z', 1), 'day', 'latest'),
    ],
    ['a year before 1', () => segmentKey('d', whole('0000-12-31T00:00:00Z', 1), 'day', ID)],
    ['a year after 9999', () => segmentKey('d', whole('+010000-01-01T00:00:00Z', 1), 'day', ID)],
  ])('does not exist for %s', (_what, make) => {
    expect(make).toThrow(/no place in the lake/);
  });

  test.each([
    'market_data/year=2024/month=02/day=30/market_data_20240230-0123456789ab.parquet',
    'market_data/year=2024/month=01/day=15/market_data_20240116-0123456789ab.parquet',
    'market_data/year=2024/month=01/day=15/news_20240115-0123456789ab.parquet',
    'market_data/year=9999/month=13/market_data_999913-0123456789ab.parquet',
    'market_data/year=9999/month=12/day=31/hour=24/market_data_99991231T24-0123456789ab.parquet',
    'market_data/year=0000/month=01/market_data_000001-0123456789ab.parquet',
    'market_data/year=2024/month=01/day=15/notes.txt',
    'x/market_data/year=2024/month=01/day=15/market_data_20240115-0123456789ab.parquet',
    '',
  ])('is not read from %j', (key) => {
    expect(parseSegmentKey(key)).toBeNull();
  });
});
