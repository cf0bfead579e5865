/**
 * Reads Iceberg metadata as an engine does that knows nothing of tierd: from a document to its
 * manifest list, manifests and data files. The Avro decoder goes by the schema in the file.
 */
import { readFile } from 'node:fs/promises';
import type { TableMetadata } from '../../src/catalogue/table-metadata.ts';

type Schema = string | readonly Schema[] | ({ readonly type: string } & Record<string, unknown>);

export interface AvroFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly records: readonly Record<string, unknown>[];
}

export function readAvro(bytes: Buffer): AvroFile {
  const input = new Input(bytes);
  if (input.take(4).toString('latin1') !== 'Obj\x01') throw new Error('no Avro container');
  const metadata: Record<string, string> = {};
  for (let count = input.long(); count !== 0n; count = input.long()) {
    for (let n = 0n; n < count; n += 1n) metadata[input.text()] = input.text();
  }
  const sync = input.take(16);
  const schema = JSON.parse(metadata['avro.schema'] ?? '') as Schema;
  const records: Record<string, unknown>[] = [];
  while (!input.isAtEnd) {
    const count = input.long();
    const size = input.long();
    const end = input.at + Number(size);
    for (let n = 0n; n < count; n += 1n) records.push(decode(input, schema) as never);
    if (input.at !== end) throw new Error('a block is not as long as it says');
    if (!input.take(16).equals(sync)) throw new Error('a block has another sync marker');
  }
  return { metadata, records };
}

class Input {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new Error('the file ends too soon');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    return this.take(Number(this.long())).toString('utf8');
  }

  long(): bigint {
    let raw = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.take(1)[0] ?? 0;
      raw |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n));
    }
  }
}

function decode(input: Input, schema: Schema): unknown {
  if (Array.isArray(schema)) return decode(input, (schema as Schema[])[Number(input.long())] ?? '');
  const type = typeof schema === 'string' ? schema : (schema as { type: string }).type;
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return input.take(1)[0] === 1;
    case 'int':
    case 'long':
      return input.long();
    case 'string':
      return input.text();
    case 'bytes':
      return Buffer.from(input.take(Number(input.long())));
    case 'array': {
      const items: unknown[] = [];
      for (let count = input.long(); count !== 0n; count = input.long()) {
        const each = (schema as unknown as { items: Schema }).items;
        for (let n = 0n; n < count; n += 1n) items.push(decode(input, each));
      }
      return items;
    }
    case 'record': {
      const { fields } = schema as unknown as { fields: { name: string; type: Schema }[] };
      return Object.fromEntries(fields.map((field) => [field.name, decode(input, field.type)]));
    }
    default:
      throw new Error(`no Avro type ${type}`);
  }
}

export interface FoundFile {
  readonly path: string;
  readonly rows: bigint;
  readonly status: bigint;
  readonly partition: Readonly<Record<string, unknown>>;
  readonly lower: ReadonlyMap<number, Buffer>;
  readonly upper: ReadonlyMap<number, Buffer>;
  readonly nulls: ReadonlyMap<number, bigint>;
  readonly nans: ReadonlyMap<number, bigint>;
  readonly sortOrderId: bigint | null;
}

export interface FoundSnapshot {
  readonly document: TableMetadata;
  readonly manifests: readonly string[];
  /** Those that are not deleted. */
  readonly files: readonly FoundFile[];
}

/** The files of a snapshot; the current one unless another is named. */
export async function readIceberg(location: string, snapshotId?: number): Promise<FoundSnapshot> {
  const document = JSON.parse(await readFile(pathOf(location), 'utf8')) as TableMetadata;
  const id = snapshotId ?? document['current-snapshot-id'];
  const snapshot = document.snapshots.find((one) => one['snapshot-id'] === id);
  if (snapshot === undefined) throw new Error(`no snapshot ${String(id)}`);
  const list = readAvro(await readFile(pathOf(snapshot['manifest-list'])));
  const files: FoundFile[] = [];
  const manifests: string[] = [];
  for (const entry of list.records) {
    const path = pathOf(entry['manifest_path'] as string);
    const bytes = await readFile(path);
    if (BigInt(bytes.length) !== entry['manifest_length']) throw new Error(`${path}: length`);
    const manifest = readAvro(bytes);
    const found = manifest.records.map(fileOf);
    const count = (status: bigint) => found.filter((file) => file.status === status).length;
    const counted = [count(0n), count(1n), count(2n)].map(BigInt);
    const said = ['existing', 'added', 'deleted'].map((name) => entry[`${name}_files_count`]);
    if (JSON.stringify(counted.map(String)) !== JSON.stringify(said.map(String))) {
      throw new Error(`${path}: counts`);
    }
    manifests.push(path);
    files.push(...found.filter(({ status }) => status !== 2n));
  }
  return { document, manifests, files };
}

function fileOf(entry: Record<string, unknown>): FoundFile {
  const file = entry['data_file'] as Record<string, unknown>;
  return {
    path: pathOf(file['file_path'] as string),
    rows: file['record_count'] as bigint,
    status: entry['status'] as bigint,
    partition: file['partition'] as Record<string, unknown>,
    lower: byField(file['lower_bounds']),
    upper: byField(file['upper_bounds']),
    nulls: byField(file['null_value_counts']),
    nans: byField(file['nan_value_counts']),
    sortOrderId: file['sort_order_id'] as bigint | null,
  };
}

function byField<Value>(pairs: unknown): ReadonlyMap<number, Value> {
  const list = pairs as readonly { readonly key: bigint; readonly value: Value }[];
  return new Map(list.map(({ key, value }) => [Number(key), value]));
}

function pathOf(uri: string): string {
  if (!uri.startsWith('file:///')) throw new Error(`${uri} is no file's URI`);
  return uri.slice('file://'.length);
}
