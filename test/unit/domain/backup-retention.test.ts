import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type KeepRules, planRetention } from '../../../src/domain/backup/retention.ts';

const at = (text: string): { readonly takenAt: number } => ({ takenAt: Date.parse(text) });
const NONE: KeepRules = { last: 1, daily: 0, weekly: 0, monthly: 0 };

it('keeps the newest of each day, week and month that has any, and says by which rule', () => {
  const backups = [
    at('2026-01-30T10:00Z'), // Friday
    at('2026-02-01T09:00Z'), // Sunday
    at('2026-02-01T23:00Z'),
    at('2026-02-02T01:00Z'), // Monday
    at('2026-02-03T01:00Z'),
    at('2026-02-03T02:00Z'),
  ];
  const [friday, sundayEarly, sunday, monday, tuesdayEarly, tuesday] = backups;
  const plan = planRetention(backups, { last: 1, daily: 2, weekly: 2, monthly: 5 });
  expect(plan.keep).toEqual([
    { backup: tuesday, by: ['last', 'daily', 'weekly', 'monthly'] },
    { backup: monday, by: ['daily'] },
    { backup: sunday, by: ['weekly'] },
    { backup: friday, by: ['monthly'] },
  ]);
  expect(plan.remove).toEqual([tuesdayEarly, sundayEarly]);
});

it('keeps the last so many however old they are', () => {
  const backups = [at('2001-01-01T00:00Z'), at('1999-01-01T00:00Z'), at('1998-01-01T00:00Z')];
  const { keep, remove } = planRetention(backups, { ...NONE, last: 2 });
  expect(keep.map(({ backup }) => backup)).toEqual(backups.slice(0, 2));
  expect(remove).toEqual(backups.slice(2));
});

it('keeps or removes each once, never the newest, and the same again of what it kept', () => {
  const rules = fc.record({
    last: fc.integer({ min: 1, max: 4 }),
    daily: fc.nat(5),
    weekly: fc.nat(4),
    monthly: fc.nat(4),
  });
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 4e12 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(times, rules, (all, keep) => {
      const backups = all.map((takenAt) => ({ takenAt }));
      const plan = planRetention(backups, keep);
      const kept = plan.keep.map(({ backup }) => backup);
      expect([...kept, ...plan.remove].length).toBe(backups.length);
      expect(new Set([...kept, ...plan.remove]).size).toBe(backups.length);
      expect(kept[0]?.takenAt).toBe(Math.max(...all));
      expect(planRetention(kept, keep).remove).toEqual([]);
    }),
  );
});
