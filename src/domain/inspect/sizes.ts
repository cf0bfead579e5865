import { countOf } from '../count.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged } from './finding.ts';
import { bytesInWords } from './words.ts';

/** A table with all of its partitions or chunks, compressed ones too. */
export interface TableSize {
  readonly table: TableRef;
  readonly parts: number;
  /** With TOAST, the free space map and what else is no index. */
  readonly tableBytes: number;
  readonly indexBytes: number;
  readonly largestPart: TableRef | null;
  readonly largestPartBytes: number;
}

export interface SizeFacts {
  /** The largest first. */
  readonly tables: readonly TableSize[];
  readonly all: number;
  readonly databaseBytes: number | null;
  /** Where a lock kept them from being measured: as of the last VACUUM or ANALYZE. */
  readonly isEstimated: boolean;
}

/** So many make planning slow, and locks many. */
const MANY_PARTS = 5_000;
const INDEX_TIMES = 2;
const INDEX_BYTES = 1024 ** 3;

export function judgeSizes({ tables, all, databaseBytes, isEstimated }: SizeFacts): Judged {
  const how = isEstimated ? ', as of the last VACUUM or ANALYZE' : '';
  const database =
    databaseBytes === null
      ? []
      : [
          fine('database', `${bytesInWords(databaseBytes)}, ${countOf(all, 'table')}${how}`, {
            bytes: databaseBytes,
            tables: all,
          }),
        ];
  return { findings: [...database, ...tables.map(findingOf)], unseen: [] };
}

function findingOf(one: TableSize): Finding {
  const { table, parts, tableBytes, indexBytes, largestPart, largestPartBytes } = one;
  const largest =
    parts > 1 && largestPart !== null
      ? `, ${countOf(parts, 'part')}, the largest ${formatTable(largestPart)} with ${bytesInWords(largestPartBytes)}`
      : '';
  const found = `${bytesInWords(tableBytes + indexBytes)}: rows ${bytesInWords(tableBytes)}, indexes ${bytesInWords(indexBytes)}${largest}`;
  const figures = {
    table_bytes: tableBytes,
    index_bytes: indexBytes,
    parts,
    largest_part: largestPart === null ? null : formatTable(largestPart),
    largest_part_bytes: largestPartBytes,
  };
  const subject = formatTable(table);
  if (parts > MANY_PARTS) {
    const next = `tierd rotate --dry-run`;
    return {
      subject,
      verdict: 'look',
      found: `${found}; so many parts slow down every query's plan`,
      next,
      figures,
    };
  }
  if (indexBytes > INDEX_TIMES * tableBytes && indexBytes > INDEX_BYTES) {
    const next = 'tierd inspect indexes bloat';
    return {
      subject,
      verdict: 'look',
      found: `${found}; the indexes are larger than the rows`,
      next,
      figures,
    };
  }
  return fine(subject, found, figures);
}
