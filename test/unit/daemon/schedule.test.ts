import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SlotHistory, slotToMakeUp } from '../../../src/daemon/catch-up.ts';
import { nextDue, nextSlot, type Schedule, withJitter } from '../../../src/daemon/schedule.ts';

const cron = (pattern: string, timeZone = 'UTC'): Schedule => ({ kind: 'cron', pattern, timeZone });
const at = (iso: string): number => Date.parse(iso);

function slots(schedule: Schedule, after: string, count: number): string[] {
  const found: string[] = [];
  for (let slot = nextSlot(schedule, at(after)); found.length < count && slot !== null; ) {
    found.push(new Date(slot).toISOString().replace(':00.000Z', 'Z'));
    slot = nextSlot(schedule, slot);
  }
  return found;
}

const anySchedule: fc.Arbitrary<Schedule> = fc.oneof(
  fc.integer({ min: 1, max: 100_000 }).map((s): Schedule => ({ kind: 'every', everyMs: s * 1000 })),
  fc
    .tuple(
      fc.constantFrom('0 2 * * *', '30 2 * * *', '*/7 * * * *', '0 * * * *', '15 3 1 * *'),
      fc.constantFrom('UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe'),
    )
    .map(([pattern, zone]) => cron(pattern, zone)),
);
const anyTime = fc.integer({ min: at('2020-01-01'), max: at('2035-01-01') });

describe('slots', () => {
  it('are those of a crontab line in its time zone', () => {
    expect(slots(cron('0 2 * * *'), '2026-05-01T02:00Z', 2)).toEqual([
      '2026-05-02T02:00Z',
      '2026-05-03T02:00Z',
    ]);
    expect(slots(cron('0 2 * * *', 'Asia/Tokyo'), '2026-05-01T00:00Z', 1)).toEqual([
      '2026-05-01T17:00Z',
    ]);
    expect(slots(cron('0 0 * * 7'), '2026-05-01T00:00Z', 1)).toEqual(['2026-05-03T00:00Z']);
  });

  it('of an interval are its multiples, whenever the daemon was started', () => {
    const every: Schedule = { kind: 'every', everyMs: 6 * 3_600_000 };
    expect(slots(every, '2026-05-01T03:17Z', 2)).toEqual([
      '2026-05-01T06:00Z',
      '2026-05-01T12:00Z',
    ]);
    expect(slots(every, '2026-05-01T06:00Z', 1)).toEqual(['2026-05-01T12:00Z']);
  });

  it('never come for a day that there is not', () => {
    expect(nextSlot(cron('0 0 30 2 *'), at('2026-01-01'))).toBeNull();
  });

  it('in a gap over midnight: a fixed hour of the day before comes when the clock jumps, once', () => {
    // Nuuk, 28 March 2026: 23:00 is 00:00 of the 29th, at 01:00 UTC.
    const nuuk = (pattern: string) => cron(pattern, 'America/Nuuk');
    const days = ['2026-03-28T01:00Z', '2026-03-29T01:00Z', '2026-03-30T00:00Z'];
    expect(slots(nuuk('0 23 * * *'), '2026-03-27T12:00Z', 3)).toEqual(days);
    expect(slots(nuuk('30 23 * * *'), '2026-03-28T12:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    // Of Saturdays, and of a day of the year.
    expect(slots(nuuk('0 23 * * 6'), '2026-03-27T12:00Z', 2)).toEqual([
      '2026-03-29T01:00Z',
      '2026-04-05T00:00Z',
    ]);
    expect(slots(nuuk('45 23 28 3 *'), '2026-01-01T00:00Z', 1)).toEqual(['2026-03-29T01:00Z']);
    // Every hour goes on through it, and has no run for the one that is left out.
    expect(slots(nuuk('15 * * * *'), '2026-03-29T00:20Z', 1)).toEqual(['2026-03-29T01:15Z']);
  });

  it.each(['America/Nuuk', 'America/Havana', 'Africa/Cairo', 'Australia/Lord_Howe', 'Asia/Beirut'])(
    'of a fixed hour are one a day, every day of years: %s',
    (zone) => {
      for (const hour of [0, 2, 12, 23]) {
        const found = slots(cron(`30 ${String(hour)} * * *`, zone), '2026-01-01T00:00Z', 420);
        const gaps = found.slice(1).map((slot, n) => at(slot) - at(found[n] ?? slot));
        expect(Math.min(...gaps) / 3_600_000).toBeGreaterThanOrEqual(22.5);
        expect(Math.max(...gaps) / 3_600_000).toBeLessThanOrEqual(25.5);
      }
    },
  );

  it('in the gap: a fixed hour that is left out comes when the clock jumps, once', () => {
    // New York, 8 March 2026: 02:00 EST is 03:00 EDT, at 07:00 UTC.
    expect(slots(cron('30 2 * * *', 'America/New_York'), '2026-03-07T12:00Z', 2)).toEqual([
      '2026-03-08T07:00Z',
      '2026-03-09T06:30Z',
    ]);
    expect(slots(cron('*/30 * * * *', 'America/New_York'), '2026-03-08T06:00Z', 3)).toEqual([
      '2026-03-08T06:30Z',
      '2026-03-08T07:00Z',
      '2026-03-08T07:30Z',
    ]);
  });

  it('in the repeat: a fixed hour comes once, every hour comes twice', () => {
    // New York, 1 November 2026: 01:00-02:00 is there twice, from 05:00 and from 06:00 UTC.
    expect(slots(cron('30 1 * * *', 'America/New_York'), '2026-10-31T12:00Z', 2)).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ]);
    expect(slots(cron('0 * * * *', 'America/New_York'), '2026-11-01T04:45Z', 3)).toEqual([
      '2026-11-01T05:00Z',
      '2026-11-01T06:00Z',
      '2026-11-01T07:00Z',
    ]);
  });

  it('lie after the time they are asked for, with none between', () => {
    fc.assert(
      fc.property(
        anySchedule,
        anyTime,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (schedule, now, share) => {
          const slot = nextSlot(schedule, now);
          expect(slot).toBeGreaterThan(now);
          // From anywhere in between, the next one is the same.
          const between = Math.min(now + Math.floor(((slot ?? 0) - now) * share), (slot ?? 0) - 1);
          expect(nextSlot(schedule, between)).toBe(slot);
        },
      ),
    );
  });

  it('a daily one comes 365 times in a year of any zone', () => {
    for (const zone of ['America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe']) {
      for (const pattern of ['0 2 * * *', '30 2 * * *', '30 1 * * *', '0 0 * * *']) {
        let count = 0;
        const end = at('2027-01-01');
        let slot = nextSlot(cron(pattern, zone), at('2026-01-01') - 1);
        while (slot !== null && slot < end) {
          count += 1;
          slot = nextSlot(cron(pattern, zone), slot);
        }
        expect(`${zone} ${pattern} ${String(count)}`).toBe(`${zone} ${pattern} 365`);
      }
    }
  });
});

describe('a clock that is set', () => {
  const hourly = cron('0 * * * *');

  it('back an hour brings no slot twice', () => {
    expect(nextDue(hourly, at('2026-05-01T11:05Z'), at('2026-05-01T12:00Z'))).toBe(
      at('2026-05-01T13:00Z'),
    );
  });

  it('back a year is believed', () => {
    expect(nextDue(hourly, at('2026-05-01T11:05Z'), at('2027-05-01T12:00Z'))).toBe(
      at('2026-05-01T12:00Z'),
    );
  });

  it('ahead an hour leaves out what it jumped over', () => {
    expect(nextDue(hourly, at('2026-05-01T14:05Z'), at('2026-05-01T12:00Z'))).toBe(
      at('2026-05-01T15:00Z'),
    );
  });

  it('anyhow leaves the next slot ahead of it, and after the last one', () => {
    fc.assert(
      fc.property(
        anySchedule,
        anyTime,
        fc.integer({ min: -86_400_000, max: 86_400_000 }),
        (schedule, last, moved) => {
          const now = last + moved;
          const due = nextDue(schedule, now, last);
          expect(due).toBeGreaterThan(now);
          expect(due).toBeGreaterThan(last);
        },
      ),
    );
  });
});

describe('jitter', () => {
  it('delays by less than it says', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (jitter, random) => {
          const delay = withJitter(1_000, jitter, random) - 1_000;
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThan(Math.max(1, jitter));
        },
      ),
    );
  });
});

describe('catching up', () => {
  const daily = cron('0 2 * * *');
  const served = (ms: number): SlotHistory => ({ servedMs: ms, begunMs: ms });

  it('is due once a slot went by without its run', () => {
    const last = served(at('2026-05-01T02:00Z'));
    expect(slotToMakeUp(daily, last, at('2026-05-02T01:59Z'))).toBeNull();
    expect(slotToMakeUp(daily, last, at('2026-05-02T02:00Z'))).toBe(at('2026-05-02T02:00Z'));
    expect(slotToMakeUp(daily, last, at('2026-05-09T12:00Z'))).toBe(at('2026-05-02T02:00Z'));
  });

  it('is due for a run that was cut short', () => {
    const begunMs = at('2026-05-01T02:00Z');
    const now = begunMs + 1;
    expect(slotToMakeUp(daily, { begunMs, servedMs: null }, now)).toBe(begunMs);
    expect(slotToMakeUp(daily, { begunMs, servedMs: begunMs - 1 }, now)).toBe(begunMs);
  });

  it('is not due for a job that never ran', () => {
    expect(slotToMakeUp(daily, undefined, at('2026-05-02T12:00Z'))).toBeNull();
  });

  it('is done once: what made up for a slot counts for all up to its own time', () => {
    fc.assert(
      fc.property(anySchedule, anyTime, fc.nat(10 * 86_400_000), (schedule, last, away) => {
        const now = last + away;
        fc.pre(slotToMakeUp(schedule, served(last), now) !== null);
        expect(slotToMakeUp(schedule, served(now), now)).toBeNull();
      }),
    );
  });
});
