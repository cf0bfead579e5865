/** Dates and times as the text that PostgreSQL makes of them, where they are of the years that anybody has rows of. */
import type { Cells } from '../cells.ts';
import type { RowBytes } from '../row-bytes.ts';
import { dateText, offsetText } from '../time-text.ts';
import { zoneOffsets } from '../zone-offset.ts';
import { VectorCells } from './vector-cells.ts';
import { wholeNumber } from './whole-numbers.ts';

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
/** Since then zones change on a quarter of an hour alone. */
const SINCE_US = Date.UTC(1972, 0, 1) * 1_000;
/** Later, and a number does not hold the microseconds of another zone exactly. */
const UNTIL_US = Date.UTC(2250, 0, 1) * 1_000;
const QUARTER_US = 15 * MINUTE_US;

const SPACE = 0x20;
const COLON = 0x3a;
const POINT = 0x2e;

/** The day that was written last: rows that follow each other are often of one. */
class DayText {
  #day = Number.NaN;
  #text = Buffer.alloc(0);

  write(day: number, out: RowBytes): void {
    if (day !== this.#day) {
      this.#day = day;
      this.#text = Buffer.from(dateText(day));
    }
    out.slice(this.#text, 0, this.#text.length);
  }
}

/** Of the years 1 to 9999. */
const FIRST_DAY = Date.UTC(2001, 0, 1) / 86_400_000 - 5 * 146_097;
const LAST_DAY = Date.UTC(9999, 11, 31) / 86_400_000;

export class DateTextCells extends VectorCells {
  readonly #text = new DayText();
  #days = new Int32Array();

  constructor(column: number, others: Cells) {
    super(column, 4, others);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#days = new Int32Array(memory, offset, rows);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const day = this.#days[row] ?? 0;
    if (day < FIRST_DAY || day > LAST_DAY) return false;
    this.#text.write(day, out);
    return true;
  }
}

export class TimestampText extends VectorCells {
  readonly #text = new DayText();
  readonly #zone: ZoneText | null;
  #words = new Int32Array();

  /** @param timeZone null of times without one */
  constructor(column: number, timeZone: string | null, others: Cells) {
    super(column, 8, others);
    this.#zone = timeZone === null ? null : new ZoneText(timeZone);
  }

  protected override read(memory: ArrayBuffer, offset: number, rows: number): void {
    this.#words = new Int32Array(memory, offset, rows * 2);
  }

  protected override writeHeld(row: number, out: RowBytes): boolean {
    const micros = wholeNumber(this.#words, row * 2);
    // What is infinite is NaN.
    if (Number.isNaN(micros) || micros < SINCE_US || micros >= UNTIL_US) return false;
    this.#zone?.find(micros);
    const local = micros + (this.#zone?.offsetUs ?? 0);
    const day = Math.floor(local / DAY_US);
    this.#text.write(day, out);
    out.byte(SPACE);
    writeTime(out, local - day * DAY_US);
    if (this.#zone !== null) out.slice(this.#zone.text, 0, this.#zone.text.length);
    return true;
  }
}

/** How far a zone is before UTC at a time since 1972. */
class ZoneText {
  readonly #offsetOf: (micros: bigint) => number;
  #quarter = Number.NaN;
  offsetUs = 0;
  text = Buffer.alloc(0);

  constructor(timeZone: string) {
    this.#offsetOf = zoneOffsets(timeZone);
  }

  find(micros: number): void {
    const quarter = Math.floor(micros / QUARTER_US);
    if (quarter === this.#quarter) return;
    this.#quarter = quarter;
    const seconds = this.#offsetOf(BigInt(micros));
    if (this.text.length > 0 && seconds * SECOND_US === this.offsetUs) return;
    this.offsetUs = seconds * SECOND_US;
    this.text = Buffer.from(offsetText(seconds));
  }
}

/** Microseconds since midnight. */
function writeTime(out: RowBytes, micros: number): void {
  const hours = Math.floor(micros / HOUR_US);
  const minutes = Math.floor((micros - hours * HOUR_US) / MINUTE_US);
  const left = micros - hours * HOUR_US - minutes * MINUTE_US;
  const seconds = Math.floor(left / SECOND_US);
  out.padded(hours, 2);
  out.byte(COLON);
  out.padded(minutes, 2);
  out.byte(COLON);
  out.padded(seconds, 2);
  const fraction = left - seconds * SECOND_US;
  if (fraction === 0) return;
  out.byte(POINT);
  out.padded(fraction, 6);
  out.dropZeros();
}
