/** Rows in COPY's text form, written into a buffer that grows as they need it. */

export type TextRow = readonly (string | null)[];

const SPECIAL = /[\\\t\n\r]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
};

/** What a row takes at first; the buffer grows where rows are longer. */
const ROW_BYTES = 128;
/** UTF-8 has at most so many bytes for each of JavaScript's characters. */
const BYTES_PER_CHARACTER = 3;

export class CopyText {
  bytes: Buffer;
  /** Where the next row begins. Whoever writes into `bytes` moves it on once a row is whole. */
  at = 0;

  constructor(rows: number) {
    this.bytes = Buffer.allocUnsafe(rows * ROW_BYTES);
  }

  /** Sees to it that `needed` more bytes fit. */
  reserve(needed: number): void {
    if (this.at + needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(this.bytes.length * 2 + needed);
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  /** With a `place`, that is its last column. */
  append(values: TextRow, place: number | null = null): void {
    // Written out row by row: one long text would be a million pieces that live until its end.
    const text = encodeRow(values, place);
    this.reserve(text.length * BYTES_PER_CHARACTER);
    this.at += this.bytes.write(text, this.at);
  }

  /** All rows so far. */
  written(): Buffer {
    return this.bytes.subarray(0, this.at);
  }
}

function encodeRow(values: TextRow, place: number | null): string {
  let text = '';
  for (let column = 0; column < values.length; column += 1) {
    if (column > 0) text += '\t';
    const value = values[column] ?? null;
    if (value === null) text += '\\N';
    else text += SPECIAL.test(value) ? escapeText(value) : value;
  }
  return place === null ? `${text}\n` : `${text}\t${String(place)}\n`;
}

function escapeText(value: string): string {
  return value.replaceAll(/[\\\t\n\r]/g, (sign) => ESCAPES[sign] ?? sign);
}
