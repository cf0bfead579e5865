/**
 * Avro object container files, as far as Iceberg needs them: records, unions with null, arrays and
 * five primitive types, without compression.
 */

export type AvroSchema =
  | 'null'
  | 'boolean'
  | 'int'
  | 'long'
  | 'string'
  | 'bytes'
  | { readonly type: 'int'; readonly logicalType: 'date' }
  | AvroArray
  | AvroRecord
  | readonly ['null', AvroSchema];

export interface AvroArray {
  readonly type: 'array';
  readonly items: AvroSchema;
  readonly [annotation: string]: unknown;
}

export interface AvroRecord {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly AvroField[];
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly 'field-id': number;
  readonly default?: null;
}

export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | { readonly [field: string]: AvroValue };

/**
 * A container with one block.
 *
 * @param metadata goes into the header, beside the schema
 * @param sync 16 random bytes
 * @throws RangeError when a value is not of its schema
 */
export function writeAvroFile(
  schema: AvroRecord,
  metadata: Readonly<Record<string, string>>,
  records: readonly AvroValue[],
  sync: Uint8Array,
): Uint8Array {
  const file = new ByteWriter();
  file.raw(MAGIC);
  const header = { 'avro.schema': JSON.stringify(schema), 'avro.codec': 'null', ...metadata };
  const entries = Object.entries(header);
  file.long(entries.length);
  for (const [key, value] of entries) {
    file.text(key);
    file.text(value);
  }
  file.long(0);
  file.raw(sync);
  if (records.length === 0) return file.bytes();
  const block = new ByteWriter();
  for (const record of records) encode(block, schema, record);
  file.long(records.length);
  file.lengthAndRaw(block.bytes());
  file.raw(sync);
  return file.bytes();
}

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 1);

function encode(out: ByteWriter, schema: AvroSchema, value: AvroValue): void {
  if (typeof schema === 'string') {
    encodePrimitive(out, schema, value);
    return;
  }
  if (isUnion(schema)) {
    out.long(value === null ? 0 : 1);
    if (value !== null) encode(out, schema[1], value);
    return;
  }
  switch (schema.type) {
    case 'int':
      encodePrimitive(out, 'int', value);
      return;
    case 'array':
      encodeArray(out, schema, value);
      return;
    case 'record':
      encodeRecord(out, schema, value);
      return;
  }
}

function isUnion(schema: AvroSchema): schema is readonly ['null', AvroSchema] {
  return Array.isArray(schema);
}

function encodePrimitive(
  out: ByteWriter,
  type: Extract<AvroSchema, string>,
  value: AvroValue,
): void {
  if (type === 'null' && value === null) return;
  if (type === 'boolean' && typeof value === 'boolean') out.raw(Uint8Array.of(value ? 1 : 0));
  else if ((type === 'int' || type === 'long') && isWhole(value)) out.long(value);
  else if (type === 'string' && typeof value === 'string') out.text(value);
  else if (type === 'bytes' && value instanceof Uint8Array) out.lengthAndRaw(value);
  else throw new RangeError(`${typeof value} is no Avro ${type}`);
}

function isWhole(value: AvroValue): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function encodeArray(out: ByteWriter, { items }: AvroArray, value: AvroValue): void {
  if (!Array.isArray(value)) throw new RangeError('no Avro array');
  const list: readonly AvroValue[] = value;
  if (list.length > 0) {
    out.long(list.length);
    for (const item of list) encode(out, items, item);
  }
  out.long(0);
}

function encodeRecord(out: ByteWriter, { name, fields }: AvroRecord, value: AvroValue): void {
  if (typeof value !== 'object' || value === null) throw new RangeError(`no Avro record ${name}`);
  const record = value as Readonly<Record<string, AvroValue>>;
  for (const field of fields) {
    const item = record[field.name];
    if (item === undefined) throw new RangeError(`${name} lacks ${field.name}`);
    encode(out, field.type, item);
  }
}

const MAX_VARINT_BYTES = 10;

class ByteWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  lengthAndRaw(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    this.lengthAndRaw(Buffer.from(text, 'utf8'));
  }

  /** Zig-zag, seven bits a byte. */
  long(value: number | bigint): void {
    this.#reserve(MAX_VARINT_BYTES);
    const wide = BigInt(value);
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n));
    while (rest > 0x7fn) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + more));
    grown.set(this.bytes());
    this.#buffer = grown;
  }
}
