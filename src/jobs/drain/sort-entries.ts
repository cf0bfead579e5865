/** A batch of entries, told apart: what becomes a row, and what a dead letter. */
import { type DeadLetter, deadLetter } from '../../domain/drain/dead-letter.ts';
import type { Judge } from '../../domain/drain/judge-rows.ts';
import type { MapEntry, Mapped, MappedRow } from '../../domain/drain/map-entry.ts';
import type { ReasonCode } from '../../domain/drain/reason.ts';
import type { LiveBatch, LiveEntry } from '../../domain/live-entry.ts';
import type { EpochMs } from '../../domain/time-range.ts';
import type { RefusedRow } from '../../hot/write-rows.ts';

/** A batch whose entries are rows already, as far as each by itself can tell. */
export interface MappedBatch {
  readonly batch: LiveBatch;
  /** In the order of the batch's entries. */
  readonly mapped: readonly Mapped[];
}

export function mapBatch(map: MapEntry, batch: LiveBatch, now: EpochMs): MappedBatch {
  const reading = { capturedUs: now * 1000 };
  return { batch, mapped: batch.entries.map((entry) => map(entry, reading)) };
}

export interface SortedEntries {
  readonly rows: readonly MappedRow[];
  /** Which entry each row is of. */
  readonly entries: readonly LiveEntry[];
  readonly letters: DeadLetter[];
  readonly flags: Readonly<Partial<Record<ReasonCode, number>>>;
}

/** @param isKnown whether the entry at this place was committed before: it is left out. */
export function sortEntries(
  { batch, mapped }: MappedBatch,
  judge: Judge,
  now: EpochMs,
  options: {
    readonly isKnown: (index: number) => boolean;
    /** Where a row's `$flags` stand; -1 for nowhere. */
    readonly flagsIndex: number;
  },
): SortedEntries {
  const rows: MappedRow[] = [];
  const entries: LiveEntry[] = [];
  const letters: DeadLetter[] = [];
  const flags: Partial<Record<ReasonCode, number>> = {};
  for (const [index, entry] of batch.entries.entries()) {
    const row = mapped[index];
    if (row === undefined || options.isKnown(index)) continue;
    if ('reason' in row) {
      letters.push(deadLetter(entry, batch.origin, row.reason));
      continue;
    }
    const verdict = judge.judge(row, now);
    if (verdict.reject !== null) {
      letters.push(deadLetter(entry, batch.origin, verdict.reject));
      continue;
    }
    for (const flag of verdict.flags) flags[flag] = (flags[flag] ?? 0) + 1;
    if (options.flagsIndex >= 0 && verdict.flags.length > 0) {
      row.values[options.flagsIndex] = verdict.flags.join(',');
    }
    rows.push(row);
    entries.push(entry);
  }
  return { rows, entries, letters, flags };
}

/** What PostgreSQL would not take joins the dead letters, with its own words. */
export function addRefused(
  { entries, letters }: SortedEntries,
  { batch }: MappedBatch,
  refused: readonly RefusedRow[],
): void {
  for (const { index, sqlstate, message } of refused) {
    const entry = entries[index];
    if (entry === undefined) continue;
    const text = `${message} (SQLSTATE ${sqlstate})`;
    letters.push(deadLetter(entry, batch.origin, { code: 'refused', text }));
  }
}
