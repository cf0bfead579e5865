import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../../src/domain/dataset.ts';
import {
  cutoffsOf,
  EARLIEST_MS,
  regionsOf,
  waitingCompressed,
} from '../../../../src/domain/plan/regions.ts';
import { DAY_MS } from '../../../../src/domain/time/time-range.ts';
import { day, makeDataset, makePart, makeTable } from '../planning-fixtures.ts';

const at = (text: string): number => Date.parse(text);

describe('cutoffs', () => {
  it('are whole slices, hot_days before now', () => {
    const dataset = makeDataset({ hotDays: 30 });
    expect(cutoffsOf(dataset, at('2026-03-31T13:45:00Z'))).toEqual({
      aged: at('2026-03-01T00:00:00Z'),
      closed: null,
    });
  });

  it('close the slices before the current one for a dataset with hot intervals', () => {
    const dataset = makeDataset({
      intervalColumn: 'interval',
      hotIntervals: ['1day'],
    });
    expect(cutoffsOf(dataset, at('2026-03-31T13:45:00Z')).closed).toBe(at('2026-03-31T00:00:00Z'));
  });

  it('follow months where slices are months', () => {
    const dataset: Dataset = {
      ...makeDataset({}),
      slice: 'month',
      hotDays: 30,
    };
    expect(cutoffsOf(dataset, at('2026-03-31T13:45:00Z')).aged).toBe(at('2026-03-01T00:00:00Z'));
  });
});

describe('regions', () => {
  it('of a plain table are one deletion up to the cutoff', () => {
    const regions = regionsOf(makeTable([]), { aged: day(10), closed: null });
    expect(regions).toEqual([
      {
        lane: 'aged',
        removal: 'delete',
        range: { fromInclusive: EARLIEST_MS, toExclusive: day(10) },
        parts: [],
      },
    ]);
  });

  it('drop whole parts and delete what lies between them', () => {
    const table = makeTable([makePart('a', 0, 7), makePart('b', 8, 9)]);
    const regions = regionsOf(table, { aged: day(10), closed: null });
    expect(regions.map((r) => [r.removal, r.range.fromInclusive, r.range.toExclusive])).toEqual([
      ['delete', EARLIEST_MS, day(0)],
      ['drop', day(0), day(7)],
      ['delete', day(7), day(8)],
      ['drop', day(8), day(9)],
      ['delete', day(9), day(10)],
    ]);
  });

  it('keep a part whole that reaches past the cutoff', () => {
    const table = makeTable([makePart('a', 0, 7), makePart('b', 7, 14)]);
    const regions = regionsOf(table, { aged: day(10), closed: null });
    expect(regions.at(-1)?.range.toExclusive).toBe(day(7));
    expect(regions.filter((r) => r.removal === 'drop')).toHaveLength(1);
  });

  it('drop parts that share a time range together', () => {
    const table = makeTable([makePart('a1', 0, 7), makePart('a2', 0, 7), makePart('a3', 3, 8)]);
    const drops = regionsOf(table, { aged: day(10), closed: null }).filter(
      (r) => r.removal === 'drop',
    );
    expect(drops).toHaveLength(1);
    expect(drops[0]?.parts.map((part) => part.ref.name)).toEqual(['a1', 'a2', 'a3']);
    expect(drops[0]?.range).toEqual({
      fromInclusive: day(0),
      toExclusive: day(8),
    });
  });

  it('never overlap and let other intervals leave up to the closed slice', () => {
    const table = makeTable([makePart('a', 0, 7), makePart('b', 7, 14)]);
    const regions = regionsOf(table, { aged: day(10), closed: day(20) });
    expect(regions.at(-1)).toEqual({
      lane: 'interval',
      removal: 'delete',
      range: { fromInclusive: day(7), toExclusive: day(20) },
      parts: [],
    });
    for (const [index, region] of regions.entries()) {
      const next = regions[index + 1];
      if (next !== undefined) {
        expect(region.range.toExclusive).toBeLessThanOrEqual(next.range.fromInclusive);
      }
    }
  });

  it('delete nothing from compressed parts, which wait until they are dropped whole', () => {
    const table = makeTable([
      { ...makePart('aged', 0, 7), compressed: true },
      { ...makePart('packed', 7, 14), compressed: true },
      { ...makePart('beside', 10, 16), compressed: true },
      makePart('open', 16, 30),
    ]);
    const cutoffs = { aged: day(10), closed: day(20) };
    expect(
      regionsOf(table, cutoffs).map(({ lane, removal, range }) => [lane, removal, range]),
    ).toEqual([
      ['aged', 'delete', { fromInclusive: EARLIEST_MS, toExclusive: day(0) }],
      ['aged', 'drop', { fromInclusive: day(0), toExclusive: day(7) }],
      ['interval', 'delete', { fromInclusive: day(16), toExclusive: day(20) }],
    ]);
    const waiting = waitingCompressed(table, cutoffs).map((part) => part.ref.name);
    expect(waiting).toEqual(['packed', 'beside']);
    expect(waitingCompressed(table, { ...cutoffs, closed: null })).toEqual([]);
  });

  it('never reach past a cutoff, whatever the parts', () => {
    const table = makeTable(
      Array.from({ length: 30 }, (_, n) => makePart(`p${String(n)}`, n, n + 1)),
    );
    for (let cutoff = 0; cutoff <= 30; cutoff += 1) {
      for (const region of regionsOf(table, {
        aged: day(cutoff),
        closed: null,
      })) {
        expect(region.range.toExclusive).toBeLessThanOrEqual(day(0) + cutoff * DAY_MS);
      }
    }
  });
});
