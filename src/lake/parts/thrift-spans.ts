/**
 * Thrift's compact protocol, as spans of bytes: what is read is told by where it lies, so that it can be copied as it
 * is. Only what a rewritten footer changes is written anew.
 */

/** Of the wire. */
export const THRIFT = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

const BOOL_TRUE = 1;
const BOOL_FALSE = 2;
const BYTE = 3;
const I16 = 4;
const DOUBLE = 7;
const SET = 10;
const MAP = 11;
const UUID = 13;

export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Field extends Span {
  readonly id: number;
  readonly type: number;
}

export interface List {
  /** Of its elements. */
  readonly type: number;
  readonly items: readonly Span[];
}

/** Deeper than any footer: what is deeper is none. */
const MAX_DEPTH = 32;
const MAX_VARINT_BYTES = 10;

/** Throws an Error wherever the bytes are none of the protocol, or end too early. */
export class SpanReader {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The fields of the struct that begins there. */
  struct(start: number): readonly Field[] {
    this.#at = start;
    const fields: Field[] = [];
    let id = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) return fields;
      id = header >> 4 === 0 ? this.#zigzag() : id + (header >> 4);
      const type = header & 15;
      const from = this.#at;
      this.#skip(type, 0);
      fields.push({ id, type, start: from, end: this.#at });
    }
  }

  list({ start, type: fieldType }: Field): List {
    expectType(fieldType, THRIFT.list);
    this.#at = start;
    const { type, size } = this.#listHeader();
    const items: Span[] = [];
    for (let index = 0; index < size; index += 1) {
      const from = this.#at;
      this.#skipElement(type, 0);
      items.push({ start: from, end: this.#at });
    }
    return { type, items };
  }

  integer({ start, type }: Field): number {
    if (type !== THRIFT.i32 && type !== THRIFT.i64) expectType(type, THRIFT.i64);
    this.#at = start;
    return this.#zigzag();
  }

  binary({ start, type }: Field): Uint8Array {
    expectType(type, THRIFT.binary);
    return this.element({ start, end: this.bytes.length });
  }

  /** A binary that is a list's element. */
  element({ start }: Span): Uint8Array {
    this.#at = start;
    const length = this.#varint();
    const from = this.#at;
    this.#advance(length);
    return this.bytes.subarray(from, this.#at);
  }

  #skip(type: number, depth: number): void {
    // The value of a field that is true or false is its type.
    if (type === BOOL_TRUE || type === BOOL_FALSE) return;
    this.#skipElement(type, depth);
  }

  /** In a list or a map true and false take a byte. */
  #skipElement(type: number, depth: number): void {
    switch (type) {
      case BOOL_TRUE:
      case BOOL_FALSE:
      case BYTE:
        this.#advance(1);
        break;
      case I16:
      case THRIFT.i32:
      case THRIFT.i64:
        this.#skipVarint();
        break;
      case DOUBLE:
        this.#advance(8);
        break;
      case THRIFT.binary:
        this.#advance(this.#varint());
        break;
      case UUID:
        this.#advance(16);
        break;
      case THRIFT.list:
      case SET:
        this.#skipList(depth);
        break;
      case MAP:
        this.#skipMap(depth);
        break;
      case THRIFT.struct:
        this.#skipStruct(depth);
        break;
      default:
        throw new Error(`a footer with Thrift's type ${String(type)}`);
    }
  }

  #skipList(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error('a footer nested too deeply');
    const { type, size } = this.#listHeader();
    for (let index = 0; index < size; index += 1) this.#skipElement(type, depth + 1);
  }

  #skipMap(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error('a footer nested too deeply');
    const size = this.#varint();
    if (size === 0) return;
    const types = this.#byte();
    for (let index = 0; index < size; index += 1) {
      this.#skipElement(types >> 4, depth + 1);
      this.#skipElement(types & 15, depth + 1);
    }
  }

  #skipStruct(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error('a footer nested too deeply');
    for (;;) {
      const header = this.#byte();
      if (header === 0) return;
      if (header >> 4 === 0) this.#skipVarint();
      this.#skip(header & 15, depth + 1);
    }
  }

  #listHeader(): { readonly type: number; readonly size: number } {
    const header = this.#byte();
    const short = header >> 4;
    return { type: header & 15, size: short === 15 ? this.#varint() : short };
  }

  #byte(): number {
    const byte = this.bytes[this.#at];
    if (byte === undefined) throw new Error('a footer that ends early');
    this.#at += 1;
    return byte;
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < MAX_VARINT_BYTES; length += 1) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      factor *= 128;
    }
    throw new Error('a footer with a number that is too large');
  }

  #skipVarint(): void {
    for (let length = 0; length < MAX_VARINT_BYTES; length += 1) if (this.#byte() < 128) return;
    throw new Error('a footer with a number that does not end');
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #advance(bytes: number): void {
    this.#at += bytes;
    if (this.#at > this.bytes.length) throw new Error('a footer that ends early');
  }
}

function expectType(found: number, expected: number): void {
  if (found === expected) return;
  throw new Error(`Thrift's type ${String(found)} in place of ${String(expected)}`);
}

/** A field, and its value as it is on the wire. */
export interface WrittenField {
  readonly id: number;
  readonly type: number;
  readonly value: Uint8Array;
}

/** @param fields by rising ids */
export function writeStruct(fields: readonly WrittenField[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const { id, type, value } of fields) {
    const step = id - last;
    if (step > 0 && step < 16) parts.push(Uint8Array.of((step << 4) | type));
    else parts.push(Uint8Array.of(type), writeInteger(id));
    parts.push(value);
    last = id;
  }
  return Buffer.concat([...parts, Uint8Array.of(0)]);
}

export function writeList(type: number, items: readonly Uint8Array[]): Uint8Array {
  const header =
    items.length < 15
      ? [Uint8Array.of((items.length << 4) | type)]
      : [Uint8Array.of(0xf0 | type), writeVarint(items.length)];
  return Buffer.concat([...header, ...items]);
}

/** @param value a whole number that a double holds exactly, when doubled too */
export function writeInteger(value: number): Uint8Array {
  return writeVarint(value < 0 ? -value * 2 - 1 : value * 2);
}

export function writeText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([writeVarint(bytes.length), bytes]);
}

function writeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  while (left > 127) {
    bytes.push((left % 128) | 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return Uint8Array.from(bytes);
}
