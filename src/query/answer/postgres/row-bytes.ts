/** Bytes of an answer that grow as rows are written. */

const FIRST_BYTES = 256 * 1024;
/** Of a safe integer, with its sign. */
const MOST_DIGITS = 17;
/** So many digits are an integer of 32 bits, which divides fastest. */
const DIGITS_AT_ONCE = 9;
const BILLION = 1_000_000_000;
const ZERO = 0x30;
const MINUS = 0x2d;
/** To copy fewer bytes one by one takes less time than to say which they are. */
const MOST_SINGLY = 48;

export class RowBytes {
  at = 0;
  bytes = Buffer.allocUnsafe(FIRST_BYTES);

  /** Room for so many more. */
  reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  int16(value: number): void {
    this.reserve(2);
    this.at = this.bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.at = this.bytes.writeBigInt64BE(value, this.at);
  }

  uint64(value: bigint): void {
    this.reserve(8);
    this.at = this.bytes.writeBigUInt64BE(value, this.at);
  }

  float4(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeFloatBE(value, this.at);
  }

  float8(value: number): void {
    this.reserve(8);
    this.at = this.bytes.writeDoubleBE(value, this.at);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** A safe integer, in decimal digits. */
  integer(value: number): void {
    this.reserve(MOST_DIGITS);
    let left = value;
    if (value < 0) {
      this.bytes[this.at] = MINUS;
      this.at += 1;
      left = -value;
    }
    const high = left < BILLION ? 0 : Math.floor(left / BILLION);
    if (high > 0) this.#digits(high, digitsIn(high));
    const low = left - high * BILLION;
    this.#digits(low, high > 0 ? DIGITS_AT_ONCE : digitsIn(low));
  }

  /** The last so many digits of an integer from 0 up to 15 digits, zeros before it. */
  padded(value: number, digits: number): void {
    this.reserve(digits);
    if (digits <= DIGITS_AT_ONCE) {
      this.#digits(value, digits);
      return;
    }
    const high = Math.floor(value / BILLION);
    this.#digits(high, digits - DIGITS_AT_ONCE);
    this.#digits(value - high * BILLION, DIGITS_AT_ONCE);
  }

  /** Zeros that were written last count for nothing. */
  dropZeros(): void {
    while (this.bytes[this.at - 1] === ZERO) this.at -= 1;
  }

  #digits(value: number, digits: number): void {
    const { bytes } = this;
    const end = this.at + digits;
    let left = value;
    for (let at = end - 1; at >= this.at; at -= 1) {
      const tenth = (left / 10) | 0;
      bytes[at] = ZERO + left - tenth * 10;
      left = tenth;
    }
    this.at = end;
  }

  /** Where there is room already; the lowest 32 bits. */
  int32At(value: number, at: number): void {
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** Whether there is one of these since then. @param which 1 for each byte that is meant */
  hasAny(which: Uint8Array, since: number): boolean {
    const { bytes, at: end } = this;
    for (let at = since; at < end; at += 1) if (which[bytes[at] ?? 0] === 1) return true;
    return false;
  }

  /** Some bytes out of many. */
  slice(from: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const { bytes, at } = this;
    if (length > MOST_SINGLY) bytes.set(from.subarray(start, start + length), at);
    else
      for (let index = 0; index < length; index += 1) bytes[at + index] = from[start + index] ?? 0;
    this.at = at + length;
  }

  /** Letters of ASCII alone. */
  ascii(value: string): void {
    const { length } = value;
    this.reserve(length);
    const { bytes, at } = this;
    for (let index = 0; index < length; index += 1) bytes[at + index] = value.charCodeAt(index);
    this.at = at + length;
  }

  text(value: string): void {
    // A letter of UTF-16 has three bytes at the most.
    this.reserve(value.length * 3);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  /** Ends with a zero byte. */
  cString(value: string): void {
    this.text(value.replaceAll('\0', ' '));
    this.byte(0);
  }

  /** Writes what follows, and how long it is before it. @param counted bytes of the length that count themselves */
  measured(write: () => void, counted = 0): void {
    const from = this.at;
    this.int32(0);
    write();
    this.bytes.writeInt32BE(this.at - from - 4 + counted, from);
  }

  /** A copy of what was written, which begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.at));
    this.at = 0;
    return taken;
  }
}

/** Of an integer below a billion. */
function digitsIn(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  return value < 100_000_000 ? 8 : 9;
}
