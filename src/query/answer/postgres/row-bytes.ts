/** Bytes of an answer that grow as rows are written. */

const FIRST_BYTES = 256 * 1024;

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
