/** A batch of entries, told apart: what becomes a row, and what a dead letter. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DeadLetter, deadLetter, nameEntry } from '../../domain/drain/dead-letter.ts';
import type { Judge } from '../../domain/drain/judge-rows.ts';
import type { MapEntry, Mapped, MappedRow } from '../../domain/drain/map-entry.ts';
import type { Reason, ReasonCode } from '../../domain/drain/reason.ts';
import type { LiveBatch, LiveEntry } from '../../domain/live/live-entry.ts';
import type { EpochMs } from '../../domain/time/time-range.ts';
import { CopyText } from '../../hot/copy/copy-text.ts';
import {
  type EncodedRows,
  type Hope,
  mayEncodeAhead,
  type RefusedRow,
  SAME_KEY,
} from '../../hot/write/write-rows.ts';
import type { WriteTarget } from '../../hot/write/write-statements.ts';
import { DirectRow, type DirectRows } from './direct-rows.ts';

/** A batch whose entries are rows already, as far as each by itself can tell. */
export interface MappedBatch {
  readonly batch: LiveBatch;
  /** In the order of the batch's entries. */
  readonly mapped: readonly Mapped[];
  /** All of them for COPY, where that is likely to be wanted; null where not all are rows. */
  readonly encoded: EncodedRows | null;
}

/** So many entries take about a millisecond. */
const ENTRIES_A_TURN = 256;

export interface MappingWay {
  readonly target: WriteTarget;
  readonly hope: Hope;
  /** Null where rows have to be texts. */
  readonly direct: DirectRows | null;
}

/**
 * All that can be done with a batch while the one before it is written. In small turns: the
 * statements of that one go out between them, and PostgreSQL waits for none.
 */
export async function mapBatch(
  map: MapEntry,
  batch: LiveBatch,
  now: EpochMs,
  { target, hope, direct }: MappingWay,
): Promise<MappedBatch> {
  const nameOf = (entry: LiveEntry): string => nameEntry(entry, batch.origin);
  const reading = { capturedUs: now * 1000, nameOf };
  const mapOne = (entry: LiveEntry): Mapped => map(entry, reading);
  const ahead = mayEncodeAhead(target, batch.entries.length, hope);
  const mapped: Mapped[] = [];
  const encoded: Buffer[] = [];
  for (let from = 0; from < batch.entries.length; from += ENTRIES_A_TURN) {
    if (from > 0) await nextTurn();
    const turn = batch.entries.slice(from, from + ENTRIES_A_TURN);
    if (!ahead) {
      mapped.push(...turn.map(mapOne));
      continue;
    }
    const text = new CopyText(turn.length);
    for (const entry of turn) mapped.push(encodeEntry(entry, mapOne, direct, text));
    encoded.push(text.written());
  }
  const areAllRows = ahead && mapped.every((entry) => !('reason' in entry));
  return { batch, mapped, encoded: areAllRows ? { pieces: encoded, rows: mapped.length } : null };
}

function encodeEntry(
  entry: LiveEntry,
  mapOne: (entry: LiveEntry) => Mapped,
  direct: DirectRows | null,
  text: CopyText,
): Mapped {
  if (direct?.write(entry, text) === true) return new DirectRow(entry, mapOne, direct.timeUs);
  const row = mapOne(entry);
  if (!('reason' in row)) text.append(row.values);
  return row;
}

export interface SortedEntries {
  readonly rows: readonly MappedRow[];
  /** Which entry each row is of. */
  readonly entries: readonly LiveEntry[];
  readonly letters: DeadLetter[];
  readonly flags: Readonly<Partial<Record<ReasonCode, number>>>;
  /** Of just these rows, as they are. */
  readonly encoded: EncodedRows | null;
}

/** @param isKnown whether the entry at this place was committed before: it is left out. */
export function sortEntries(
  { batch, mapped, encoded }: MappedBatch,
  judge: Judge,
  now: EpochMs,
  options: {
    readonly isKnown: (index: number) => boolean;
    /** Why the entry at this place becomes a dead letter, whatever it holds; null when it does not. */
    readonly heldFor: (index: number) => Reason | null;
    /** Where a row's `$flags` stand; -1 for nowhere. */
    readonly flagsIndex: number;
  },
): SortedEntries {
  const rows: MappedRow[] = [];
  const entries: LiveEntry[] = [];
  const letters: DeadLetter[] = [];
  const flags: Partial<Record<ReasonCode, number>> = {};
  let areAsMapped = true;
  for (const [index, entry] of batch.entries.entries()) {
    const row = mapped[index];
    if (row === undefined || options.isKnown(index)) continue;
    const held = options.heldFor(index);
    if (held !== null) {
      letters.push(deadLetter(entry, batch.origin, held));
      continue;
    }
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
      areAsMapped = false;
    }
    rows.push(row);
    entries.push(entry);
  }
  areAsMapped &&= rows.length === mapped.length;
  return { rows, entries, letters, flags, encoded: areAsMapped ? encoded : null };
}

/** Why a row was not written: its key is another's, or PostgreSQL's own words. */
export function reasonOfRefused({ sqlstate, message }: RefusedRow): Reason {
  if (sqlstate === SAME_KEY) return { code: 'same_key', text: message };
  return { code: 'refused', text: sqlstate === '' ? message : `${message} (SQLSTATE ${sqlstate})` };
}

/** What PostgreSQL would not take joins the dead letters, with its own words. */
export function addRefused(
  { entries, letters }: SortedEntries,
  { batch }: MappedBatch,
  refused: readonly RefusedRow[],
): void {
  for (const row of refused) {
    const entry = entries[row.index];
    if (entry === undefined) continue;
    letters.push(deadLetter(entry, batch.origin, reasonOfRefused(row)));
  }
}
