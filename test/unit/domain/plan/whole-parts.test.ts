import { describe, expect, it } from 'vitest';
import { tellWholeParts } from '../../../../src/domain/plan/whole-parts.ts';
import { day, makeDataset, makePart, makeTable } from '../planning-fixtures.ts';

const dataset = makeDataset({});
const cutoffs = { aged: day(10), closed: null };
const weeks = makeTable([makePart('a', 0, 7), makePart('b', 7, 14), makePart('c', 14, 21)]);

describe('chunks and partitions that are longer than a slice', () => {
  it('say how long rows wait for the last day of theirs, and what shortens it', () => {
    expect(tellWholeParts(dataset, weeks, cutoffs)).toEqual({
      message:
        'chunks of 7 days: rows leave up to 7 days after hot_days (30), for a chunk leaves whole when its last day has aged',
      hint: `for chunks to come: select set_chunk_time_interval('"public"."market_data"', interval '1 day'), or lower hot_days by as much`,
    });
    const unit = { name: 'time', kind: 'integer', unit: 'ms' } as const;
    expect(tellWholeParts(dataset, { ...weeks, timeColumn: unit }, cutoffs)?.hint).toContain(
      '86400000::bigint',
    );
    const partitioned = tellWholeParts(dataset, { ...weeks, kind: 'partitioned' }, cutoffs);
    expect(partitioned?.message).toContain('partitions of 7 days');
    expect(partitioned?.hint).toContain('shorter partitions');
  });

  it('are told by how long they hold rows where they are days of another zone than UTC', () => {
    // Days of New York, one of them that on which its clock is set back.
    const days = { ...makeTable([makePart('a', 10.2, 11.2), makePart('b', 11.2, 12.25)]) };
    const told = tellWholeParts(dataset, { ...days, kind: 'partitioned' }, cutoffs);
    expect(told?.message).toMatch(
      /^partitions of 26 hours that do not end with a day of UTC: rows leave up to 44 hours after/,
    );
    expect(told?.hint).toBe(
      'make shorter partitions, with bounds at midnight UTC, from now on, or lower hot_days by as much',
    );
  });

  it('are not to be made up for by fewer hot_days than there are', () => {
    const two = makeDataset({ hotDays: 2 });
    expect(tellWholeParts(two, weeks, cutoffs)?.hint).not.toContain('hot_days');
  });

  it('count as one where they overlap, for they leave together', () => {
    const crossed = makeTable([makePart('a', 7, 14), makePart('b', 13, 20)]);
    expect(tellWholeParts(dataset, crossed, cutoffs)?.message).toContain('up to 13 days');
  });

  it('say nothing where slices are as long, where all of them have aged, or where there are none', () => {
    const days = makeTable([makePart('a', 9, 10), makePart('b', 10, 11)]);
    expect(tellWholeParts(dataset, days, cutoffs)).toBeNull();
    expect(tellWholeParts(makeDataset({ slice: 'month' }), weeks, cutoffs)).toBeNull();
    expect(tellWholeParts(dataset, weeks, { ...cutoffs, aged: day(21) })).toBeNull();
    expect(tellWholeParts(dataset, makeTable([]), cutoffs)).toBeNull();
  });
});
