/**
 * From the bytes that PostgreSQL sends for a column's values to that column's DuckDB vector.
 * A decoder checks the length of every value and refuses what its type can't hold; it decodes a
 * column at a time, so that each loop stays with one type.
 */
import type { ColumnPlan } from '../../domain/columns/column-plan.ts';
import type { DecodeColumn } from './column-target.ts';
import { decodeDecimal } from './decode-decimal.ts';
import {
  decodeBool,
  decodeFloat4,
  decodeFloat8,
  decodeSwapped2,
  decodeSwapped4,
  decodeSwapped8,
  decodeUuid,
} from './decode-fixed.ts';
import { decodeBytes, decodeJsonb, decodeText } from './decode-strings.ts';
import { decodeDate, decodeTimestamp } from './decode-times.ts';
import { finiteOnly } from './finite-only.ts';

/** `checkUtf8` is for servers that don't know the encoding of their own text (SQL_ASCII). */
export function decoderFor(plan: ColumnPlan, checkUtf8: boolean): DecodeColumn {
  const { held } = plan;
  switch (held.kind) {
    case 'bool':
      return decodeBool;
    case 'int2':
      return decodeSwapped2;
    case 'int4':
    case 'uint4':
      return decodeSwapped4;
    case 'int8':
    case 'time':
      return decodeSwapped8;
    case 'float4':
      return decodeFloat4;
    case 'float8':
      return decodeFloat8;
    case 'decimal':
      return decodeDecimal(held);
    case 'date':
      return held.finite === true ? finiteOnly(decodeDate) : decodeDate;
    case 'timestamp':
    case 'timestamptz':
      return held.finite === true ? finiteOnly(decodeTimestamp) : decodeTimestamp;
    case 'uuid':
      return decodeUuid;
    case 'bytea':
      return decodeBytes;
    case 'jsonb':
      return decodeJsonb(checkUtf8);
    case 'json':
    case 'varchar':
    case 'text':
      return decodeText(checkUtf8);
  }
}
