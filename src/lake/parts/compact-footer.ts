/**
 * The footer of a file that has a part of another one's chunks. What it says of them is copied as it is, statistics
 * too: minima, maxima and conditions that are always true are answered from these. What was not fetched is marked as
 * lying in another file, which DuckDB refuses to read: an answer can fail for want of it, and never leave it out.
 */
import { CHUNK, FILE, type FooterChunk, type FooterSpans, GROUP, META } from './footer-spans.ts';
import {
  type Field,
  THRIFT,
  type WrittenField,
  writeInteger,
  writeList,
  writeStruct,
  writeText,
} from './thrift-spans.ts';

export interface CompactPart {
  /** Of the footer's row groups, those that the file has; of the others it says nothing. By their places, rising. */
  readonly groups: readonly number[];
  /** Where a chunk begins in the file; null where it was not fetched. */
  place(group: number, leaf: number): number | null;
}

/** What DuckDB names when it is asked for one. */
export const NOT_FETCHED = 'not fetched';

/** What lies behind the chunks: the footer, its length, and the magic. */
export function compactFooter(footer: FooterSpans, part: CompactPart): Uint8Array {
  const groups = part.groups.map((at) => writeGroup(footer, part, at));
  const rows = part.groups.reduce((sum, at) => sum + (footer.groups[at]?.rows ?? 0), 0);
  const body = writeStruct(
    footer.fields.map((field) => {
      if (field.id === FILE.rows) return { ...field, value: writeInteger(rows) };
      if (field.id === FILE.rowGroups) return { ...field, value: writeList(THRIFT.struct, groups) };
      return asItIs(footer, field);
    }),
  );
  const end = Buffer.alloc(8);
  end.writeUInt32LE(body.length, 0);
  end.write('PAR1', 4);
  return Buffer.concat([body, end]);
}

function writeGroup(footer: FooterSpans, part: CompactPart, at: number): Uint8Array {
  const group = footer.groups[at];
  if (group === undefined) throw new Error(`there is no row group ${String(at)}`);
  const chunks = group.chunks.map((chunk, leaf) => writeChunk(footer, chunk, part.place(at, leaf)));
  return writeStruct(
    group.fields
      // Where it began is no help in another file.
      .filter(({ id }) => id !== GROUP.fileOffset)
      .map((field) =>
        field.id === GROUP.columns
          ? { ...field, value: writeList(THRIFT.struct, chunks) }
          : asItIs(footer, field),
      ),
  );
}

/** Bloom filters, page indexes and what else lies outside of the chunk are not in the file. */
const OF_THE_CHUNK: ReadonlySet<number> = new Set([CHUNK.fileOffset, CHUNK.meta]);
const OUTSIDE: ReadonlySet<number> = new Set([META.indexPage, META.bloomOffset, META.bloomLength]);

function writeChunk(footer: FooterSpans, chunk: FooterChunk, place: number | null): Uint8Array {
  const shift = place === null ? 0 : place - chunk.start;
  const meta = chunk.meta
    .filter(({ id }) => !OUTSIDE.has(id))
    .map((field) => {
      if (field.id === META.dataPage) {
        return { ...field, value: writeInteger(chunk.dataPage + shift) };
      }
      if (field.id === META.dictionaryPage && chunk.dictionaryPage !== null) {
        return { ...field, value: writeInteger(chunk.dictionaryPage + shift) };
      }
      return asItIs(footer, field);
    });
  const marked: WrittenField[] =
    place === null
      ? [{ id: CHUNK.filePath, type: THRIFT.binary, value: writeText(NOT_FETCHED) }]
      : [];
  const fields = chunk.fields
    .filter(({ id }) => OF_THE_CHUNK.has(id))
    .map((field) => {
      if (field.id === CHUNK.meta) return { ...field, value: writeStruct(meta) };
      return { ...field, value: writeInteger(0) };
    });
  return writeStruct([...marked, ...fields]);
}

function asItIs({ bytes }: FooterSpans, field: Field): WrittenField {
  return { id: field.id, type: field.type, value: bytes.subarray(field.start, field.end) };
}
