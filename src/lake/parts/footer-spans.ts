/**
 * A Parquet footer, read as far as fetching parts of its file takes: where each chunk lies, and the bounds of its
 * values. Only of flat columns, as tierd writes them: whatever else there is makes it throw, and the file is read whole.
 */
import { type Field, type Span, SpanReader } from './thrift-spans.ts';

/** Fields of Parquet's structs that are looked at. */
export const FILE = { schema: 2, rows: 3, rowGroups: 4 } as const;
const ELEMENT = { type: 1, name: 4, children: 5, converted: 6 } as const;
export const GROUP = { columns: 1, rows: 3, fileOffset: 5 } as const;
export const CHUNK = { filePath: 1, fileOffset: 2, meta: 3 } as const;
export const META = {
  path: 3,
  compressedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  statistics: 12,
  bloomOffset: 14,
  bloomLength: 15,
} as const;
const STATISTICS = { maxValue: 5, minValue: 6 } as const;

export interface FooterColumn {
  readonly name: string;
  /** As Parquet numbers them. */
  readonly physical: number;
  /** Null where there is none. */
  readonly converted: number | null;
}

export interface FooterChunk {
  /** Of the file's bytes. */
  readonly start: number;
  readonly end: number;
  readonly dataPage: number;
  /** Null where it has none. */
  readonly dictionaryPage: number | null;
  /** As they are stored; null where there are none. */
  readonly bounds: { readonly min: Uint8Array; readonly max: Uint8Array } | null;
  readonly fields: readonly Field[];
  readonly meta: readonly Field[];
}

export interface FooterGroup {
  readonly rows: number;
  readonly chunks: readonly FooterChunk[];
  readonly fields: readonly Field[];
}

export interface FooterSpans {
  readonly bytes: Uint8Array;
  readonly fields: readonly Field[];
  readonly rows: number;
  readonly columns: readonly FooterColumn[];
  readonly groups: readonly FooterGroup[];
}

/**
 * @param bytes of the footer alone, without its length and the magic that follow it
 * @param dataEnd where the footer begins in its file: no chunk lies beyond
 * @throws Error where it is none, or not one of flat columns with all chunks in the file itself
 */
export function readFooterSpans(bytes: Uint8Array, dataEnd: number): FooterSpans {
  const reader = new SpanReader(bytes);
  const fields = reader.struct(0);
  const columns = readColumns(reader, fields);
  const groups = reader
    .list(given(fields, FILE.rowGroups))
    .items.map((group) => readGroup(reader, group, columns, dataEnd));
  const rows = reader.integer(given(fields, FILE.rows));
  if (groups.reduce((sum, group) => sum + group.rows, 0) !== rows) {
    throw new Error('row groups with other rows than the file');
  }
  return { bytes, fields, rows, columns, groups };
}

function readColumns(reader: SpanReader, fields: readonly Field[]): readonly FooterColumn[] {
  const [root, ...elements] = reader.list(given(fields, FILE.schema)).items;
  if (root === undefined) throw new Error('a footer without a schema');
  const children = reader.integer(given(reader.struct(root.start), ELEMENT.children));
  if (children !== elements.length) throw new Error('columns within columns');
  const columns = elements.map(({ start }) => {
    const element = reader.struct(start);
    const converted = element.find(({ id }) => id === ELEMENT.converted);
    return {
      name: Buffer.from(reader.binary(given(element, ELEMENT.name))).toString(),
      physical: reader.integer(given(element, ELEMENT.type)),
      converted: converted === undefined ? null : reader.integer(converted),
    };
  });
  if (new Set(columns.map(({ name }) => name)).size !== columns.length) {
    throw new Error('two columns of one name');
  }
  return columns;
}

function readGroup(
  reader: SpanReader,
  { start }: Span,
  columns: readonly FooterColumn[],
  dataEnd: number,
): FooterGroup {
  const fields = reader.struct(start);
  const chunks = reader.list(given(fields, GROUP.columns)).items.map((chunk, leaf) => {
    const read = readChunk(reader, chunk, columns[leaf]?.name ?? '');
    if (read.start < 4 || read.end > dataEnd || read.end <= read.start) {
      throw new Error('a chunk outside of its file');
    }
    return read;
  });
  if (chunks.length !== columns.length) throw new Error('a row group with other columns');
  return { rows: reader.integer(given(fields, GROUP.rows)), chunks, fields };
}

function readChunk(reader: SpanReader, { start }: Span, name: string): FooterChunk {
  const fields = reader.struct(start);
  if (fields.some(({ id }) => id === CHUNK.filePath)) throw new Error('a chunk of another file');
  const meta = reader.struct(given(fields, CHUNK.meta).start);
  const path = reader.list(given(meta, META.path)).items.map((item) => reader.element(item));
  // Chunks belong to columns by their place alone: one in a wrong place would be another column's values.
  if (path.length !== 1 || Buffer.from(path[0] ?? []).toString() !== name) {
    throw new Error('a chunk in another column’s place');
  }
  const dataPage = reader.integer(given(meta, META.dataPage));
  const dictionary = meta.find(({ id }) => id === META.dictionaryPage);
  const offset = dictionary === undefined ? 0 : reader.integer(dictionary);
  // Some writers say 0 where there is none.
  const dictionaryPage = offset > 0 ? offset : null;
  const from = Math.min(dataPage, dictionaryPage ?? dataPage);
  return {
    start: from,
    end: from + reader.integer(given(meta, META.compressedBytes)),
    dataPage,
    dictionaryPage,
    bounds: readBounds(reader, meta),
    fields,
    meta,
  };
}

/** The older `min` and `max` are not looked at: writers have not agreed on their order. */
function readBounds(reader: SpanReader, meta: readonly Field[]): FooterChunk['bounds'] {
  const statistics = meta.find(({ id }) => id === META.statistics);
  if (statistics === undefined) return null;
  const fields = reader.struct(statistics.start);
  const min = fields.find(({ id }) => id === STATISTICS.minValue);
  const max = fields.find(({ id }) => id === STATISTICS.maxValue);
  if (min === undefined || max === undefined) return null;
  return { min: reader.binary(min), max: reader.binary(max) };
}

function given(fields: readonly Field[], id: number): Field {
  const field = fields.find((one) => one.id === id);
  if (field === undefined) throw new Error(`a footer without field ${String(id)}`);
  return field;
}
