import type { Told } from './acknowledgements.ts';

/** What came of one batch. */
export interface BatchResult {
  readonly entries: number;
  /** Of their own: an entry that only replaced another's row is none. */
  readonly rows: number;
  readonly deadLetters: number;
  readonly flagged: number;
  /** Were committed before, and came again. */
  readonly repeated: number;
  /** Have the key of another entry's row: the source's `same_key` says which of them stayed. */
  readonly sameKey: number;
  readonly lost: number;
  /** What is to be told of entries that came again; null when none did. */
  readonly note: string | null;
  readonly bytes: number;
  /** Of the rows, microseconds since 1970. */
  readonly oldestTimeUs: number | null;
  readonly newestTimeUs: number | null;
  /** What of the ledger is to be marked once Redis has been told. */
  readonly told: Told;
}
