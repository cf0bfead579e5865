/** How rows are written, by the format that was asked for. */
import type { QueryRequest } from '../query-request.ts';
import { writeExpanded } from './expanded-format.ts';
import { writeCopy } from './postgres/copy-format.ts';
import { writePostgres } from './postgres/postgres-format.ts';
import { writeTable } from './table-format.ts';
import { writeCsv, writeJson, writeNdjson } from './text-formats.ts';
import type { WriteRows } from './write-rows.ts';

/** @param note is told what the rows alone would not tell */
export function writerFor(
  { format, terminalWidth, output }: QueryRequest,
  note: (text: string) => void,
): WriteRows {
  if (typeof format === 'object') {
    const { copy, timeZone, columns } = format;
    return copy === null ? writePostgres(format) : writeCopy(copy, timeZone, columns);
  }
  switch (format) {
    case 'table':
    case 'parquet':
      // A file has no width.
      return writeTable('file' in output ? null : terminalWidth, note);
    case 'expanded':
      return writeExpanded;
    case 'json':
      return writeJson;
    case 'ndjson':
      return writeNdjson;
    case 'csv':
      return writeCsv;
    case 'arrow':
      return async (...to) => (await import('./arrow/arrow-format.ts')).writeArrow(...to);
  }
}
