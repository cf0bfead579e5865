/** The fields of one message, read in order. */
import { protocolViolation } from '../face-error.ts';

export class FieldReader {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#body.length;
  }

  byte(): number {
    const at = this.#advance(1);
    return this.#body.readUInt8(at);
  }

  int16(): number {
    return this.#body.readInt16BE(this.#advance(2));
  }

  uint16(): number {
    return this.#body.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#body.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#body.readUInt32BE(this.#advance(4));
  }

  bytes(length: number): Buffer {
    const at = this.#advance(length);
    return this.#body.subarray(at, at + length);
  }

  rest(): Buffer {
    return this.bytes(this.#body.length - this.#at);
  }

  /** Up to its zero byte. */
  text(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw protocolViolation('a text in a message has no end');
    const bytes = this.#body.subarray(this.#at, end);
    this.#at = end + 1;
    return decodeText(bytes);
  }

  /** A number of fields, then the fields. */
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.uint16() }, read);
  }

  end(): void {
    if (!this.isAtEnd) throw protocolViolation('a message is longer than its fields');
  }

  #advance(bytes: number): number {
    const at = this.#at;
    if (bytes < 0 || at + bytes > this.#body.length) {
      throw protocolViolation('a message ends before its fields');
    }
    this.#at += bytes;
    return at;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws FaceError 22021 for what is no UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw protocolViolation('a text in a message is not UTF-8');
  }
}
