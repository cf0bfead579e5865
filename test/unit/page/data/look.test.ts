import { describe, expect, it } from 'vitest';
import { barsOf, secondsOf } from '../../../../src/page/data/bars.ts';
import type { AskableDataset } from '../../../../src/page/data/datasets-document.ts';
import {
  barsPath,
  drawable,
  keyColumns,
  lastSpan,
  latestPath,
  shades,
  timeframeOf,
} from '../../../../src/page/data/look.ts';

const DAY_MS = 86_400_000;

function dataset(changed: Partial<AskableDataset> = {}): AskableDataset {
  return {
    dataset: 'candles',
    error: null,
    columns: ['ts', 'symbol', 'open', 'high', 'low', 'close'].map((name) => ({
      name,
      type: { ts: 'TIMESTAMP WITH TIME ZONE', symbol: 'VARCHAR' }[name] ?? 'DECIMAL(20,8)',
    })),
    time_column: 'ts',
    time_kind: 'timestamptz',
    unique_key: ['symbol', 'ts'],
    hot: { oldest: '2026-01-10T00:00:00.000Z', newest: '2026-01-31T12:00:00.000Z' },
    cold: { oldest: '2020-01-01T00:00:00.000Z', newest: '2026-01-10T23:59:00.000Z' },
    ...changed,
  };
}

const span = (days: number) => ({ from: 0, to: days * DAY_MS });

describe('a look at data', () => {
  it.each([
    [0.5, '1m'],
    [2, '5m'],
    [7, '15m'],
    [31, '1h'],
    [366, '1d'],
    [7_000, '1d'],
  ])('over %d days has bars of %s', (days, name) => {
    expect(timeframeOf(dataset(), span(days)).name).toBe(name);
  });

  it('of a table of days has bars of days', () => {
    expect(timeframeOf(dataset({ time_kind: 'date' }), span(1)).name).toBe('1d');
  });

  it('draws its own bars where it has them, or any column of numbers that is no key', () => {
    expect(drawable(dataset())).toEqual([null, 'open', 'high', 'low', 'close']);
    const columns = [
      { name: 'ts', type: 'BIGINT' },
      { name: 'id', type: 'BIGINT' },
      { name: 'note', type: 'VARCHAR' },
      { name: 'price', type: 'VARCHAR' },
      { name: 'ratio', type: 'DOUBLE' },
      { name: 'list', type: 'INTEGER[]' },
      { name: 'open', type: 'INTEGER' },
    ];
    expect(drawable(dataset({ columns, unique_key: ['id', 'ts'] }))).toEqual(['ratio', 'open']);
    expect(keyColumns(dataset({ unique_key: ['a', 'ts', 'b'] }))).toEqual(['a', 'b']);
  });

  it('ends with the day of the newest row, wherever that is', () => {
    const to = Date.parse('2026-02-01T00:00:00Z');
    expect(lastSpan(dataset(), 7 * DAY_MS)).toEqual({ from: to - 7 * DAY_MS, to });
    const nothing = { oldest: null, newest: null };
    const cold = dataset({ hot: nothing });
    expect(lastSpan(cold, DAY_MS)?.to).toBe(Date.parse('2026-01-11T00:00:00Z'));
    expect(lastSpan(dataset({ hot: nothing, cold: nothing }), DAY_MS)).toBeNull();
  });

  it('asks for one key by its columns, whatever they and their values are called', () => {
    const look = { dataset: 'a/b', price: 'p&q', from: 0, to: DAY_MS };
    const path = barsPath(
      { ...look, key: { symbol: 'A&B=1', by: 'x', 'eq.y': 'z' } },
      timeframeOf(dataset(), span(1)),
    );
    const url = new URL(path, 'http://daemon');
    expect(url.pathname).toBe('/v1/datasets/a%2Fb/bars');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      timeframe: '5m',
      from: '1970-01-01T00:00:00.000Z',
      to: '1970-01-02T00:00:00.000Z',
      format: 'ndjson',
      price: 'p&q',
      symbol: 'A&B=1',
      'eq.by': 'x',
      'eq.eq.y': 'z',
    });
    expect(new URL(latestPath(dataset()), 'http://daemon').searchParams.getAll('columns')).toEqual([
      'symbol',
    ]);
  });

  it('is shaded where each store has rows, and not where it has none', () => {
    expect(shades(dataset()).map(({ store, from }) => [store, from])).toEqual([
      ['cold', Date.parse('2020-01-01T00:00:00Z')],
      ['hot', Date.parse('2026-01-10T00:00:00Z')],
    ]);
    expect(shades(dataset({ hot: { oldest: null, newest: null } }))).toHaveLength(1);
  });
});

describe('bars of an answer', () => {
  it('are numbers, of long decimals too, and gaps where there are none', () => {
    const rows = [
      {
        time: '1970-01-01T00:01:00.000000Z',
        open: 1.5,
        high: '12345678901234.12345678',
        low: null,
      },
    ];
    expect(barsOf(rows)).toEqual({
      times: [60],
      open: [1.5],
      high: [12_345_678_901_234.123],
      low: [null],
      close: [null],
    });
  });

  it.each([
    ['1970-01-02', 86_400],
    ['1970-01-01T00:00:01.500000', 1.5],
    ['1970-01-01T00:00:01.500000Z', 1.5],
  ])('%s stands at %d', (time, seconds) => {
    expect(secondsOf(time)).toBe(seconds);
  });
});
