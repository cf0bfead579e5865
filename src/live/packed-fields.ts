/**
 * Hashes and stream entries as Redis sends them or a script packs them, taken apart only where
 * somebody looks. A batch of thousands would otherwise be tens of thousands of small objects that all
 * live until it is committed: the garbage collector's time for them was half of what reading took.
 */
import type { EntryPayload, FieldValues, PackedValues } from '../domain/live/live-entry.ts';
import { textOrBytes } from '../domain/live/live-entry.ts';
import { ReplyCursor } from './resp.ts';

interface Layout {
  readonly names: readonly string[];
  readonly bytes: readonly Buffer[];
}

/** Reads one entry at a time, and remembers the names: most entries of a source have the same. */
export class FieldReader {
  #layout: Layout = { names: [], bytes: [] };
  #packed: Buffer | null = null;
  /** The packed bytes, one character each; null until somebody asks for a text. */
  #text: string | null = null;
  #isAscii = true;
  /** Where each value begins and ends. */
  readonly #bounds: number[] = [];

  /** `packed` holds name, value, name, value, … as a reply of Redis or as a script's msgpack array. */
  read(packed: Buffer): EntryPayload {
    return new PackedFields(this, packed);
  }

  /** In the order in which Redis sent them; the same array for all entries that have the same. */
  namesOf(packed: Buffer): readonly string[] {
    this.#select(packed);
    return this.#layout.names;
  }

  valueAt(packed: Buffer, index: number): string | Buffer {
    this.#select(packed);
    const from = this.#bounds[index * 2];
    const to = this.#bounds[index * 2 + 1];
    if (from === undefined || to === undefined) return '';
    const text = this.#textOf(packed).substring(from, to);
    return !this.#isAscii && NOT_ASCII.test(text) ? textOrBytes(packed.subarray(from, to)) : text;
  }

  boundsOf(packed: Buffer): readonly number[] {
    this.#select(packed);
    return this.#bounds;
  }

  #textOf(packed: Buffer): string {
    if (this.#text === null) {
      this.#text = packed.toString('latin1');
      this.#isAscii = !NOT_ASCII.test(this.#text);
    }
    return this.#text;
  }

  #select(packed: Buffer): void {
    if (packed === this.#packed) return;
    this.#packed = packed;
    this.#text = null;
    if (!this.#findBounds(packed)) this.#learn(packed);
  }

  /** Fills `bounds`. Returns whether the names are those of the entry before. */
  #findBounds(packed: Buffer): boolean {
    const cursor = cursorOf(packed);
    const count = (cursor.enter() ?? 0) / 2;
    const { bytes: known } = this.#layout;
    let isKnown = count === known.length;
    this.#bounds.length = count * 2;
    for (let index = 0; index < count; index += 1) {
      cursor.text();
      isKnown &&= isSame(packed, cursor.from, cursor.to, known[index]);
      cursor.text();
      this.#bounds[index * 2] = cursor.from;
      this.#bounds[index * 2 + 1] = cursor.to;
    }
    return isKnown;
  }

  #learn(packed: Buffer): void {
    const bytes: Buffer[] = [];
    const cursor = cursorOf(packed);
    for (let lacking = cursor.enter() ?? 0; lacking > 0; lacking -= 2) {
      cursor.text();
      // A copy, or a few bytes would keep the whole of what came in with them.
      bytes.push(Buffer.from(packed.subarray(cursor.from, cursor.to)));
      cursor.text();
    }
    this.#layout = { names: bytes.map((name) => name.toString()), bytes };
  }
}

const NOT_ASCII = /[\u0080-\uffff]/;

class PackedFields {
  readonly kind = 'fields';
  readonly #reader: FieldReader;
  readonly #packed: Buffer;

  constructor(reader: FieldReader, packed: Buffer) {
    this.#reader = reader;
    this.#packed = packed;
  }

  get names(): readonly string[] {
    return this.#reader.namesOf(this.#packed);
  }

  get values(): FieldValues {
    return this;
  }

  get length(): number {
    return this.names.length;
  }

  get bytes(): number {
    return this.#packed.length;
  }

  at(index: number): string | Buffer {
    return this.#reader.valueAt(this.#packed, index);
  }

  packed(): PackedValues {
    return { bytes: this.#packed, bounds: this.#reader.boundsOf(this.#packed) };
  }
}

/** Byte by byte: for names this short, calling into C++ costs more than it saves. */
function isSame(bytes: Buffer, from: number, to: number, known: Buffer | undefined): boolean {
  if (known?.length !== to - from) return false;
  for (let index = 0; index < known.length; index += 1) {
    if (bytes[from + index] !== known[index]) return false;
  }
  return true;
}

/** A msgpack array begins with a byte that no reply of Redis begins with. */
function cursorOf(packed: Buffer): ReplyCursor | MsgpackCursor {
  return (packed[0] ?? 0) < 0x80 ? new ReplyCursor(packed) : new MsgpackCursor(packed);
}

/** Walks through an array of strings. Source: the msgpack specification. */
class MsgpackCursor {
  readonly #bytes: Buffer;
  #at = 0;
  from = 0;
  to = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  enter(): number {
    const type = this.#take(1);
    if (type >> 4 === 0x9) return type & 0x0f;
    if (type === 0xdc) return this.#take(2);
    if (type === 0xdd) return this.#take(4);
    throw new RangeError(`packed fields begin with ${String(type)}`);
  }

  text(): void {
    const length = this.#length();
    this.from = this.#at;
    this.to = this.#at + length;
    this.#at = this.to;
  }

  #length(): number {
    const type = this.#take(1);
    if (type >> 5 === 0x5) return type & 0x1f;
    if (type === 0xd9) return this.#take(1);
    if (type === 0xda) return this.#take(2);
    if (type === 0xdb) return this.#take(4);
    throw new RangeError(`packed fields hold ${String(type)}, which is no string`);
  }

  #take(bytes: number): number {
    const value = this.#bytes.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }
}

/** Fields as the scripts pack them, to be compared there with what a hash holds now. */
export function asPacked(fields: Buffer): Buffer {
  const cursor = cursorOf(fields);
  if (!(cursor instanceof ReplyCursor)) return fields;
  const count = cursor.enter() ?? 0;
  const pieces = [head(count, 0x90, 0x0f, [0xdc, 0xdd])];
  for (let index = 0; index < count; index += 1) {
    cursor.text();
    const { from, to } = cursor;
    pieces.push(head(to - from, 0xa0, 0x1f, [0xd9, 0xda, 0xdb]), fields.subarray(from, to));
  }
  return Buffer.concat(pieces);
}

/** The shortest head for `size`: in one byte with the type, or one type for each width. */
function head(size: number, type: number, most: number, wider: readonly number[]): Buffer {
  if (size <= most) return Buffer.from([type | size]);
  const widths = wider.length === 3 ? [1, 2, 4] : [2, 4];
  const place = widths.findIndex((width) => size < 2 ** (8 * width));
  const bytes = Buffer.alloc(1 + (widths[place] ?? 4));
  bytes[0] = wider[place] ?? 0;
  bytes.writeUIntBE(size, 1, widths[place] ?? 4);
  return bytes;
}
