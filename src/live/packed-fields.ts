/**
 * Hashes and stream entries as the scripts pack them, taken apart only where somebody looks. A batch
 * of thousands would otherwise be tens of thousands of small objects that all live until it is
 * committed: the garbage collector's time for them was half of what reading took.
 */
import type { EntryPayload, FieldValues } from '../domain/live-entry.ts';
import { textOrBytes } from '../domain/live-entry.ts';

interface Layout {
  readonly names: readonly string[];
  readonly bytes: readonly Buffer[];
}

/** Reads one entry at a time, and remembers the names: most entries of a source have the same. */
export class FieldReader {
  #layout: Layout = { names: [], bytes: [] };
  #packed: Buffer | null = null;
  /** The packed bytes, one character each. */
  #text = '';
  /** Where each value begins and ends. */
  readonly #bounds: number[] = [];

  /** `packed` is the msgpack array of strings that the scripts make: name, value, name, value, … */
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
    const text = this.#text.substring(from, to);
    return NOT_ASCII.test(text) ? textOrBytes(packed.subarray(from, to)) : text;
  }

  #select(packed: Buffer): void {
    if (packed === this.#packed) return;
    this.#packed = packed;
    this.#text = packed.toString('latin1');
    const starts = this.#findBounds(packed);
    if (starts !== null) this.#learn(packed, starts);
  }

  /** Fills `bounds`. Returns where the names are if they are others than before, else null. */
  #findBounds(packed: Buffer): readonly number[] | null {
    const cursor = { at: 0 };
    const count = arrayLength(packed, cursor) / 2;
    const { bytes: known } = this.#layout;
    const starts: number[] = [];
    let isKnown = count === known.length;
    this.#bounds.length = count * 2;
    for (let index = 0; index < count; index += 1) {
      const length = stringLength(packed, cursor);
      isKnown &&= isSame(packed, cursor.at, length, known[index]);
      starts.push(cursor.at, cursor.at + length);
      cursor.at += length;
      const size = stringLength(packed, cursor);
      this.#bounds[index * 2] = cursor.at;
      this.#bounds[index * 2 + 1] = cursor.at + size;
      cursor.at += size;
    }
    return isKnown ? null : starts;
  }

  #learn(packed: Buffer, starts: readonly number[]): void {
    const bytes: Buffer[] = [];
    for (let index = 0; index < starts.length; index += 2) {
      // A copy, or a few bytes would keep the whole of what came in with them.
      bytes.push(Buffer.from(packed.subarray(starts[index], starts[index + 1])));
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
}

/** Byte by byte: for names this short, calling into C++ costs more than it saves. */
function isSame(bytes: Buffer, from: number, length: number, known: Buffer | undefined): boolean {
  if (known?.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (bytes[from + index] !== known[index]) return false;
  }
  return true;
}

interface Cursor {
  at: number;
}

function arrayLength(packed: Buffer, cursor: Cursor): number {
  const type = packed[cursor.at] ?? 0;
  cursor.at += 1;
  if (type >> 4 === 0x9) return type & 0x0f;
  if (type === 0xdc) return take(packed, cursor, 2);
  if (type === 0xdd) return take(packed, cursor, 4);
  throw new RangeError(`packed fields begin with ${String(type)}`);
}

function stringLength(packed: Buffer, cursor: Cursor): number {
  const type = packed[cursor.at] ?? 0;
  cursor.at += 1;
  if (type >> 5 === 0x5) return type & 0x1f;
  if (type === 0xd9) return take(packed, cursor, 1);
  if (type === 0xda) return take(packed, cursor, 2);
  if (type === 0xdb) return take(packed, cursor, 4);
  throw new RangeError(`packed fields hold ${String(type)}, which is no string`);
}

function take(packed: Buffer, cursor: Cursor, bytes: number): number {
  const value = packed.readUIntBE(cursor.at, bytes);
  cursor.at += bytes;
  return value;
}
