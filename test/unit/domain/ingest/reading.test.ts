/** Which files are read as what, and by what the ledger knows them. */
import { describe, expect, it } from 'vitest';
import { type IngestReading, kindOf, readingOf } from '../../../../src/domain/ingest/reading.ts';
import { routesOf } from '../../../../src/domain/ingest/routes.ts';
import type { TableDescription } from '../../../../src/domain/table.ts';
import { DAY_MS } from '../../../../src/domain/time/time-range.ts';
import { isNamedZone } from '../../../../src/domain/time/time-zone.ts';

const PLAIN: IngestReading = {
  columns: null,
  map: {},
  ignore: [],
  set: {},
  timeUnit: null,
  timeZone: null,
};

describe('a file that is ingested', () => {
  it.each([
    ['a.csv', 'csv', 'none'],
    ['A.CSV.GZ', 'csv', 'gzip'],
    ['x/a.b.jsonl.zst', 'ndjson', 'zstd'],
    ['a.ndjson', 'ndjson', 'none'],
    ['a.parquet', 'parquet', 'none'],
  ])('%s is %s, packed: %s', (path, format, packing) => {
    expect(kindOf(path)).toEqual({ format, packing });
  });

  it.each(['a.json', 'a.parquet.gz', 'a.feather', 'csv', 'a.csv.bz2', 'a.csv.tmp'])(
    '%s is none that is read',
    (path) => {
      expect(kindOf(path)).toBeNull();
    },
  );

  it('is another one when it is read as something else, and the same whatever the order of options', () => {
    const same = readingOf(
      '00',
      { ...PLAIN, map: { a: 'x', b: 'y' }, ignore: ['p', 'q'] },
      'error',
    );
    const again = readingOf(
      '00',
      { ...PLAIN, map: { b: 'y', a: 'x' }, ignore: ['q', 'p'] },
      'error',
    );
    expect(again).toBe(same);
    const others = [
      readingOf('01', PLAIN, 'error'),
      readingOf('00', PLAIN, 'error'),
      readingOf('00', PLAIN, 'skip'),
      readingOf('00', { ...PLAIN, timeUnit: 'ms' }, 'error'),
      readingOf('00', { ...PLAIN, timeZone: 'Europe/Berlin' }, 'error'),
      readingOf('00', { ...PLAIN, set: { a: 'x' } }, 'error'),
      readingOf('00', { ...PLAIN, columns: ['a'] }, 'error'),
    ];
    expect(new Set([...others, same]).size).toBe(others.length + 1);
  });
});

describe('routes', () => {
  const table = { parts: [] as TableDescription['parts'] } as TableDescription;
  const cutoffs = { aged: 100 * DAY_MS, closed: null };

  it('hold whole slices back that a pin touches, until it ends', () => {
    const range = { fromInclusive: 10 * DAY_MS + 5, toExclusive: 11 * DAY_MS + 5 };
    const facts = { cutoffs, now: 1000, moved: [] };
    const held = routesOf(table, { slice: 'day' }, { ...facts, pins: [{ range, until: 1001 }] });
    expect(held.aged.map(({ fromInclusive, toExclusive }) => [fromInclusive, toExclusive])).toEqual(
      [
        [expect.any(Number), 10 * DAY_MS],
        [12 * DAY_MS, 100 * DAY_MS],
      ],
    );
    const ended = routesOf(table, { slice: 'day' }, { ...facts, pins: [{ range, until: 1000 }] });
    expect(ended.aged).toHaveLength(1);
  });

  it('lead to the lake where time after the cutoff was moved before', () => {
    const moved = [{ fromInclusive: 102 * DAY_MS, toExclusive: 103 * DAY_MS }];
    const routes = routesOf(table, { slice: 'day' }, { cutoffs, now: 0, pins: [], moved });
    expect(routes.aged.at(-1)).toEqual(moved[0]);
  });
});

describe('a time zone by name', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York'])('%s is one', (name) => {
    expect(isNamedZone(name)).toBe(true);
  });
  // PostgreSQL reads the sign of an offset the other way round.
  it.each(['+02:00', 'UTC+2', 'Etc/GMT+2', 'Nowhere/City', ''])('%s is none', (name) => {
    expect(isNamedZone(name)).toBe(false);
  });
});
