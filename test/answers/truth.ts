/**
 * What a table holds after each of its writer's transactions, known beforehand: an answer is right if it is
 * that of one of the instants between its question and its end.
 */
import { DAY_MS } from '../../src/domain/time/time-range.ts';

export interface TruthRow {
  readonly n: number;
  readonly symbol: string;
  readonly ms: number;
  readonly amount: number;
}

export const SYMBOLS = ['A', 'B', 'C'] as const;

/** Of rows that are due as soon as they are written: late ones, most of the time. */
const OLD_DAYS = { first: 36, count: 6 };
/** So many transactions after a row was inserted it is corrected, and then deleted, if it is its turn. */
const CORRECTED_AFTER = 2;
const DELETED_AFTER = 4;
const ROWS_OF_SYMBOL = 2;
const ROWS_OF_BATCH = SYMBOLS.length * ROWS_OF_SYMBOL;

/** One transaction. */
export interface Batch {
  readonly inserted: readonly TruthRow[];
  /** Recent rows only: what is due may have been moved. */
  readonly corrected: TruthRow | null;
  readonly deleted: TruthRow | null;
}

/** @param startMs midnight of a day that is hot */
export class Truth {
  readonly startMs: number;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  /** @param number from 1 */
  batch(number: number): Batch {
    const turn = number % SYMBOLS.length;
    const corrected = number - CORRECTED_AFTER;
    const deleted = number - DELETED_AFTER;
    return {
      inserted: SYMBOLS.flatMap((_, index) => [
        this.#old(number, index),
        this.#recent(number, index),
      ]),
      corrected: corrected < 1 ? null : correct(this.#recent(corrected, turn)),
      deleted: deleted < 1 || number % 2 === 1 ? null : this.#recent(deleted, turn),
    };
  }

  /** All rows of a symbol once so many transactions have committed, by number. */
  rows(batches: number, symbol: string): readonly TruthRow[] {
    const index = SYMBOLS.findIndex((one) => one === symbol);
    const rows: TruthRow[] = [];
    for (let number = 1; number <= batches; number += 1) {
      rows.push(this.#old(number, index));
      const deletion = number + DELETED_AFTER;
      const isDeleted =
        deletion <= batches && deletion % 2 === 0 && deletion % SYMBOLS.length === index;
      if (isDeleted) continue;
      const correction = number + CORRECTED_AFTER;
      const isCorrected = correction <= batches && correction % SYMBOLS.length === index;
      const recent = this.#recent(number, index);
      rows.push(isCorrected ? correct(recent) : recent);
    }
    return rows;
  }

  /** The midnights of all days that rows are written for. */
  days(): readonly number[] {
    const old = Array.from({ length: OLD_DAYS.count }, (_, day) => this.#oldDay(day));
    return [...old, this.startMs];
  }

  #old(number: number, index: number): TruthRow {
    const ms = this.#oldDay(number % OLD_DAYS.count) + offsetOf(number, index);
    return makeRow(number, index, 0, ms);
  }

  #recent(number: number, index: number): TruthRow {
    return makeRow(number, index, 1, this.startMs + offsetOf(number, index));
  }

  #oldDay(day: number): number {
    return this.startMs - (OLD_DAYS.first + day) * DAY_MS;
  }
}

/** No two rows of a table have one time: a latest and a first row are known. */
function offsetOf(number: number, index: number): number {
  return number * SYMBOLS.length + index;
}

function makeRow(number: number, index: number, side: number, ms: number): TruthRow {
  const amount = ((number * 7 + index) % 1_000) - 500;
  const n = number * ROWS_OF_BATCH + index * ROWS_OF_SYMBOL + side;
  return { n, symbol: SYMBOLS[index] ?? '', ms, amount };
}

function correct(row: TruthRow): TruthRow {
  return { ...row, amount: row.amount + 10_000 };
}
