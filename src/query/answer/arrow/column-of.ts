/** Which type of Arrow a column of a result has. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { Binary, makeData, Utf8 } from 'apache-arrow';
import { cellText } from '../cell.ts';
import type { ArrowColumn } from './arrow-column.ts';
import { fixedWidthColumn } from './fixed-width.ts';
import { nestedColumn } from './nested.ts';
import { validityOf } from './validity.ts';

/**
 * What Arrow has no exact type for that every reader knows (uuid, interval, `time with time zone`,
 * bit, enum, union) is text, as CSV has it.
 *
 * @param name for errors
 */
export function columnOf(name: string, type: DuckDBType): ArrowColumn {
  return (
    fixedWidthColumn(name, type) ??
    nestedColumn(name, type, columnOf) ??
    (type.typeId === DuckDBTypeId.BLOB ? binaryColumn() : textColumn(type))
  );
}

function textColumn(type: DuckDBType): ArrowColumn {
  const arrow = new Utf8();
  return {
    type: arrow,
    dataOf(values) {
      const texts = values.map((value) => {
        const text = cellText(value, type);
        return text === null ? null : Buffer.from(text);
      });
      return makeData({ type: arrow, ...validityOf(values), ...endToEnd(texts) });
    },
  };
}

function binaryColumn(): ArrowColumn {
  const arrow = new Binary();
  return {
    type: arrow,
    dataOf(values) {
      const blobs = values.map(
        (value) => (value as { readonly bytes: Uint8Array } | null)?.bytes ?? null,
      );
      return makeData({ type: arrow, ...validityOf(values), ...endToEnd(blobs) });
    },
  };
}

function endToEnd(parts: readonly (Uint8Array | null)[]): {
  readonly data: Uint8Array;
  readonly valueOffsets: Int32Array;
} {
  const valueOffsets = new Int32Array(parts.length + 1);
  let end = 0;
  for (const [at, part] of parts.entries()) {
    end += part?.length ?? 0;
    valueOffsets[at + 1] = end;
  }
  return { data: Buffer.concat(parts.filter((part) => part !== null)), valueOffsets };
}
