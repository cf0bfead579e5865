/** Which backups are kept, by rules that are named as restic names them. Days, weeks and months are UTC's. */
import type { EpochMs } from '../time/time-range.ts';

export interface KeepRules {
  /** The newest so many, however old. */
  readonly last: number;
  /** Of so many days that have any, the newest of each; likewise weeks, which begin on Monday, and months. */
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface KeptBackup<Backup> {
  readonly backup: Backup;
  /** `last`, `daily`, …: the rules that keep it. */
  readonly by: readonly (keyof KeepRules)[];
}

export interface RetentionPlan<Backup> {
  /** Newest first, as what is removed. */
  readonly keep: readonly KeptBackup<Backup>[];
  readonly remove: readonly Backup[];
}

export function planRetention<Backup extends { readonly takenAt: EpochMs }>(
  backups: readonly Backup[],
  rules: KeepRules,
): RetentionPlan<Backup> {
  const newestFirst = backups.toSorted((a, b) => b.takenAt - a.takenAt);
  const seen = new Map<keyof KeepRules, Set<string>>(RULES.map((rule) => [rule, new Set()]));
  const keep: KeptBackup<Backup>[] = [];
  const remove: Backup[] = [];
  for (const [index, backup] of newestFirst.entries()) {
    const by = RULES.filter((rule) => {
      const buckets = seen.get(rule);
      const bucket = bucketOf(rule, backup.takenAt, index);
      if (buckets === undefined || buckets.has(bucket) || buckets.size >= rules[rule]) return false;
      buckets.add(bucket);
      return true;
    });
    if (by.length > 0) keep.push({ backup, by });
    else remove.push(backup);
  }
  return { keep, remove };
}

const RULES: readonly (keyof KeepRules)[] = ['last', 'daily', 'weekly', 'monthly'];

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const DAYS_FROM_MONDAY = 3;

function bucketOf(rule: keyof KeepRules, at: EpochMs, index: number): string {
  const day = Math.floor(at / DAY_MS);
  switch (rule) {
    case 'last':
      return String(index);
    case 'daily':
      return String(day);
    case 'weekly':
      return String(Math.floor((day + DAYS_FROM_MONDAY) / 7));
    case 'monthly':
      return new Date(at).toISOString().slice(0, 7);
  }
}
