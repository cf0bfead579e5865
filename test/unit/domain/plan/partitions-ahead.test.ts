/** Which partitions are missing, and what they are called. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namesFor } from '../../../../src/domain/plan/partition-name.ts';
import { missingAhead, newestOf, reachOf } from '../../../../src/domain/plan/partitions-ahead.ts';
import { clockOf, stepFrom, stepOf, UTC_CLOCK } from '../../../../src/domain/time/calendar-step.ts';
import {
  type CalendarStep,
  DAY_MS,
  HOUR_MS,
  rangesOverlap,
  type TimeRange,
} from '../../../../src/domain/time/time-range.ts';

const at = (text: string): number => Date.parse(`${text}Z`);
const range = (from: string, to: string): TimeRange => ({
  fromInclusive: at(from),
  toExclusive: at(to),
});
const told = (found: ReturnType<typeof missingAhead>): unknown =>
  found.kind === 'ranges'
    ? found.ranges.map(({ fromInclusive, toExclusive }) =>
        [fromInclusive, toExclusive].map((ms) =>
          new Date(ms).toISOString().replace(':00.000Z', ''),
        ),
      )
    : found.kind;
const NOW = at('2026-12-01T00:30');
const DAY: CalendarStep = { unit: 'day', count: 1 };
const MONTH: CalendarStep = { unit: 'month', count: 1 };

const steps: fc.Arbitrary<CalendarStep> = fc.oneof(
  fc.record({ unit: fc.constant('hour' as const), count: fc.integer({ min: 1, max: 24 }) }),
  fc.record({ unit: fc.constant('day' as const), count: fc.integer({ min: 1, max: 14 }) }),
  fc.record({ unit: fc.constant('month' as const), count: fc.integer({ min: 1, max: 12 }) }),
);
const zones = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'Africa/Cairo',
  'America/New_York',
  'Asia/Kathmandu',
  'Pacific/Apia',
);

describe('partitions that are missing', () => {
  it('follow on each other and on those that are there, overlap none, and cover all until then', () => {
    fc.assert(
      fc.property(
        steps,
        zones,
        fc.integer({ min: at('1995-01-01T00:00'), max: at('2090-01-01T00:00') }),
        fc.integer({ min: 0, max: 40 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 1, max: 90 })), {
          maxLength: 6,
        }),
        fc.integer({ min: -200, max: 200 }),
        (step, zone, now, aheadDays, pieces, firstDays) => {
          let border = Math.floor(now / HOUR_MS) * HOUR_MS + firstDays * HOUR_MS;
          const existing = pieces.map(([gap, length]) => {
            const fromInclusive = border + gap * HOUR_MS;
            border = fromInclusive + length * HOUR_MS;
            return { fromInclusive, toExclusive: border };
          });
          const aheadMs = aheadDays * DAY_MS;
          const found = missingAhead(existing, { every: step, aheadMs }, now, clockOf(zone));
          if (found.kind === 'too many') return;
          expect(found.kind).toBe('ranges');
          if (found.kind !== 'ranges') return;
          const all = [...existing, ...found.ranges].toSorted(
            (a, b) => a.fromInclusive - b.fromInclusive,
          );
          for (const [n, one] of all.entries()) {
            expect(one.toExclusive).toBeGreaterThan(one.fromInclusive);
            expect(all.slice(n + 1).some((other) => rangesOverlap(one, other))).toBe(false);
          }
          const begun = existing.findLast(({ fromInclusive }) => fromInclusive <= now);
          const from = begun?.toExclusive ?? now;
          if (aheadMs > 0 || from < now) {
            expect(reachOf(all, Math.min(from, now + aheadMs)) ?? from).toBeGreaterThanOrEqual(
              now + aheadMs,
            );
          }
          // Made again there is nothing left to make.
          expect(missingAhead(all, { every: step, aheadMs }, now, clockOf(zone))).toEqual({
            kind: 'ranges',
            ranges: [],
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are of months as long as these are, also over a leap year', () => {
    const found = missingAhead(
      [range('2027-12-01T00:00', '2028-01-01T00:00')],
      { every: null, aheadMs: 100 * DAY_MS },
      at('2027-12-20T00:00'),
      UTC_CLOCK,
    );
    expect(told(found)).toEqual([
      ['2028-01-01T00:00', '2028-02-01T00:00'],
      ['2028-02-01T00:00', '2028-03-01T00:00'],
      ['2028-03-01T00:00', '2028-04-01T00:00'],
    ]);
  });

  it('are as long as the newest one where nothing else is said', () => {
    const found = missingAhead(
      [range('2026-11-24T06:00', '2026-12-01T06:00')],
      { every: null, aheadMs: 7 * DAY_MS },
      NOW,
      UTC_CLOCK,
    );
    expect(told(found)).toEqual([['2026-12-01T06:00', '2026-12-08T06:00']]);
  });

  it('begin at midnight of their zone, whatever its clocks do', () => {
    const cairo = clockOf('Africa/Cairo');
    // Clocks there leap from 0:00 to 1:00 on 2024-04-26.
    const found = missingAhead(
      [range('2024-04-23T22:00', '2024-04-24T22:00')],
      { every: DAY, aheadMs: 3 * DAY_MS },
      at('2024-04-24T12:00'),
      cairo,
    );
    expect(told(found)).toEqual([
      ['2024-04-24T22:00', '2024-04-25T22:00'],
      ['2024-04-25T22:00', '2024-04-26T21:00'],
      ['2024-04-26T21:00', '2024-04-27T21:00'],
    ]);
    const berlin = clockOf('Europe/Berlin');
    expect(new Date(stepFrom(at('2026-09-30T22:00'), MONTH, berlin)).toISOString()).toBe(
      '2026-10-31T23:00:00.000Z',
    );
  });

  it('fill a hole between two that are there, up to the next one', () => {
    const found = missingAhead(
      [
        range('2026-11-30T00:00', '2026-12-01T12:00'),
        range('2026-12-03T00:00', '2026-12-04T00:00'),
      ],
      { every: DAY, aheadMs: 2 * DAY_MS },
      NOW,
      UTC_CLOCK,
    );
    expect(told(found)).toEqual([
      ['2026-12-01T12:00', '2026-12-02T12:00'],
      ['2026-12-02T12:00', '2026-12-03T00:00'],
    ]);
  });

  it('begin with the day, the week from Monday or the month of now where there is none', () => {
    const first = (every: CalendarStep) =>
      told(missingAhead([], { every, aheadMs: HOUR_MS }, NOW, UTC_CLOCK));
    expect(first(DAY)).toEqual([['2026-12-01T00:00', '2026-12-02T00:00']]);
    expect(first({ unit: 'day', count: 7 })).toEqual([['2026-11-30T00:00', '2026-12-07T00:00']]);
    expect(first({ unit: 'month', count: 3 })).toEqual([['2026-10-01T00:00', '2027-01-01T00:00']]);
    expect(told(missingAhead([], { every: null, aheadMs: HOUR_MS }, NOW, UTC_CLOCK))).toBe(
      'no step',
    );
  });

  it('are none behind one without an end, and too many for a clock that is years ahead', () => {
    const endless = {
      fromInclusive: at('2026-01-01T00:00'),
      toExclusive: Number.POSITIVE_INFINITY,
    };
    expect(told(missingAhead([endless], { every: DAY, aheadMs: DAY_MS }, NOW, UTC_CLOCK))).toEqual(
      [],
    );
    const old = range('2020-01-01T00:00', '2020-01-02T00:00');
    expect(told(missingAhead([old], { every: DAY, aheadMs: DAY_MS }, NOW, UTC_CLOCK))).toBe(
      'too many',
    );
  });
});

describe('partitions without a beginning or an end', () => {
  const berlin = clockOf('Europe/Berlin');
  const first = { fromInclusive: Number.NEGATIVE_INFINITY, toExclusive: at('2026-11-30T23:00') };

  it('say of no step how long they are, in no zone', () => {
    expect(stepOf(first, berlin)).toBeNull();
    const last = { fromInclusive: at('2026-11-30T23:00'), toExclusive: Number.POSITIVE_INFINITY };
    expect(stepOf(last, berlin)).toBeNull();
    const found = missingAhead([first], { every: null, aheadMs: DAY_MS }, NOW, berlin);
    expect(told(found)).toBe('no step');
  });

  it('are none that others follow: those take after the newest that has both', () => {
    const day = range('2026-12-02T23:00', '2026-12-03T23:00');
    expect(newestOf([{ range: first }, { range: day }])?.range).toBe(day);
    expect(newestOf([{ range: first }])).toBeNull();
    const found = missingAhead([first, day], { every: null, aheadMs: DAY_MS }, NOW, berlin);
    expect(told(found)).toEqual([
      ['2026-11-30T23:00', '2026-12-01T23:00'],
      ['2026-12-01T23:00', '2026-12-02T23:00'],
    ]);
  });
});

describe('how far partitions reach', () => {
  it('is to the first hole from now on', () => {
    const parts = [
      range('2026-12-02T00:00', '2026-12-03T00:00'),
      range('2026-12-01T00:00', '2026-12-02T00:00'),
      range('2026-12-04T00:00', '2026-12-05T00:00'),
    ];
    expect(reachOf(parts, NOW)).toBe(at('2026-12-03T00:00'));
    expect(reachOf(parts, at('2026-12-03T00:00'))).toBeNull();
  });
});

describe('names of partitions', () => {
  const next = [at('2026-12-01T00:00'), at('2026-12-02T00:00')];
  const names = (
    table: string,
    newest: { readonly name: string; readonly start: number } | null,
    starts: readonly number[],
  ) => namesFor({ table, newest, taken: newest === null ? [] : [newest.name] }, starts, UTC_CLOCK);

  it.for([
    ['bars_20261130', 'bars_20261201'],
    ['bars_p20261130', 'bars_p20261201'],
    ['bars_p2026_11_30', 'bars_p2026_12_01'],
    ['p20261130_bars', 'p20261201_bars'],
    ['bars_y2026m11d30', 'bars_y2026m12d01'],
  ] as const)('go on as %s', ([newest, expected]) => {
    const [first] = names('bars', { name: newest, start: at('2026-11-30T00:00') }, next);
    expect(first).toBe(expected);
  });

  it('are those of pg_partman where the newest tells nothing, or would be given twice', () => {
    const own = ['bars_p20261201', 'bars_p20261202'];
    expect(names('bars', null, next)).toEqual(own);
    expect(names('bars', { name: 'bars_new', start: at('2026-11-30T00:00') }, next)).toEqual(own);
    expect(names('bars', { name: 'bars_2026_11', start: at('2026-11-01T00:00') }, next)).toEqual(
      own,
    );
    expect(names('bars', null, [at('2026-12-01T06:00')])).toEqual(['bars_p20261201_060000']);
    const taken = ['bars_20261130', 'bars_20261202'];
    const newest = { name: 'bars_20261130', start: at('2026-11-30T00:00') };
    expect(namesFor({ table: 'bars', newest, taken }, next, UTC_CLOCK)).toEqual(own);
  });

  it.for(['bars_20261130_20261201', 'bars_20261130_to_20261130', 'bars_20261130_20261130'])(
    'are those of pg_partman where the newest says more than its beginning: %s',
    (name) => {
      const newest = { name, start: at('2026-11-30T00:00'), end: at('2026-12-01T00:00') };
      expect(namesFor({ table: 'bars', newest, taken: [name] }, next, UTC_CLOCK)).toEqual([
        'bars_p20261201',
        'bars_p20261202',
      ]);
    },
  );

  it('tell apart the hours that clocks show twice, and go on as before', () => {
    const berlin = clockOf('Europe/Berlin');
    const starts = [0, 1, 2, 3].map((n) => at('2026-10-25T00:00') + n * HOUR_MS);
    const told = ['20261025_02', '20261025_02_again', '20261025_03', '20261025_04'];
    const newest = { name: 'bars_20261025_01', start: at('2026-10-24T23:00') };
    expect(namesFor({ table: 'bars', newest, taken: [newest.name] }, starts, berlin)).toEqual(
      told.map((end) => `bars_${end}`),
    );
    const again = { name: 'bars_20261025_02_again', start: starts[1] ?? 0 };
    expect(
      namesFor({ table: 'bars', newest: again, taken: [again.name] }, starts.slice(2), berlin),
    ).toEqual(['bars_20261025_03', 'bars_20261025_04']);
  });

  it('are given once, however many are made at a time, also where clocks are set back', () => {
    fc.assert(
      fc.property(
        steps,
        fc.constantFrom('Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe', 'Asia/Amman'),
        fc.constantFrom(at('2020-10-29T00:30'), at('2021-04-02T12:00'), at('2020-10-24T11:00')),
        fc.integer({ min: 0, max: 100 }),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom('YYYYMMDDHH', 'other'),
        (step, zone, from, later, aheads, form) => {
          const clock = clockOf(zone);
          const parts: { readonly name: string; readonly range: TimeRange }[] = [];
          let now = from + later * HOUR_MS;
          for (const hours of aheads) {
            const found = missingAhead(
              parts.map((one) => one.range),
              { every: step, aheadMs: hours * HOUR_MS },
              now,
              clock,
            );
            if (found.kind !== 'ranges') throw new Error(found.kind);
            const newest = newestOf(parts);
            const made = namesFor(
              {
                table: 'bars',
                newest:
                  newest === null ? null : { name: newest.name, start: newest.range.fromInclusive },
                taken: parts.map((one) => one.name),
              },
              found.ranges.map(({ fromInclusive }) => fromInclusive),
              clock,
            );
            for (const [n, range] of found.ranges.entries()) {
              const shown = new Date(clock.shown(range.fromInclusive)).toISOString();
              const first =
                form === 'other' ? 'bars_first' : `bars_${shown.slice(0, 13).replace(/\D/g, '')}`;
              parts.push({ name: parts.length === 0 ? first : (made[n] ?? ''), range });
            }
            now += hours * HOUR_MS;
          }
          const all = parts.map(({ name }) => name);
          expect(new Set(all).size).toBe(all.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keep their end where a table has a long name', () => {
    const [name = ''] = names('ü'.repeat(31), null, next);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(name).toMatch(/^ü+_p20261201$/);
  });
});
