/** A column of a result as Arrow holds it: its type, and how its values are laid out. */
import { type DuckDBType, DuckDBTypeId, type DuckDBValue } from '@duckdb/node-api';
import { Binary, type Data, type DataType, makeData, Utf8 } from 'apache-arrow';
import { cellText } from '../cell.ts';
import { fixedWidthColumn } from './fixed-width.ts';
import { nestedColumn } from './nested.ts';
import { validityOf } from './validity.ts';

export interface ArrowColumn {
  readonly type: DataType;
  /**
   * Some of its values, one after the other.
   *
   * @throws TierdError QUERY_FAILED for a value that the type has no place for
   */
  readonly dataOf: (values: readonly DuckDBValue[]) => Data;
}

/**
 * What Arrow has no exact type for that every reader knows (uuid, interval, `time with time zone`,
 * bit, enum, union) is text, as CSV has it.
 *
 * @param name for errors
 */
export function arrowColumn(name: string, type: DuckDBType): ArrowColumn {
  return (
    fixedWidthColumn(name, type) ??
    nestedColumn(name, type, arrowColumn) ??
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
