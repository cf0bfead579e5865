/** Values that hold others: lists, structs, maps. Their parts are columns of their own. */
import {
  type DuckDBArrayValue,
  type DuckDBListValue,
  type DuckDBMapValue,
  type DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
} from '@duckdb/node-api';
import { Field, FixedSizeList, List, Map_, makeData, Struct } from 'apache-arrow';
import type { ArrowColumn } from './arrow-column.ts';
import { validityOf } from './validity.ts';

/** Null where the type holds no others. */
export function nestedColumn(
  name: string,
  type: DuckDBType,
  columnOf: (name: string, type: DuckDBType) => ArrowColumn,
): ArrowColumn | null {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
      return lists(columnOf(name, type.valueType));
    case DuckDBTypeId.ARRAY:
      return arrays(columnOf(name, type.valueType), type.length);
    case DuckDBTypeId.STRUCT:
      return structs(
        type.entryNames,
        type.entryTypes.map((entry) => columnOf(name, entry)),
      );
    case DuckDBTypeId.MAP:
      return maps(columnOf(name, type.keyType), columnOf(name, type.valueType));
    default:
      return null;
  }
}

function lists(item: ArrowColumn): ArrowColumn {
  const type = new List(new Field('item', item.type, true));
  return {
    type,
    dataOf(values) {
      const found = values as readonly (Pick<DuckDBListValue, 'items'> | null)[];
      return makeData({
        type,
        ...validityOf(values),
        valueOffsets: endsOf(found.map((list) => list?.items.length ?? 0)),
        child: item.dataOf(found.flatMap((list) => list?.items ?? [])),
      });
    },
  };
}

function arrays(item: ArrowColumn, length: number): ArrowColumn {
  const type = new FixedSizeList(length, new Field('item', item.type, true));
  const missing = Array.from({ length }, () => null);
  return {
    type,
    dataOf(values) {
      const found = values as readonly (Pick<DuckDBArrayValue, 'items'> | null)[];
      const child = item.dataOf(found.flatMap((array) => array?.items ?? missing));
      return makeData({ type, ...validityOf(values), child });
    },
  };
}

function structs(names: readonly string[], members: readonly ArrowColumn[]): ArrowColumn {
  const type = new Struct(
    members.map((member, at) => new Field(names[at] ?? '', member.type, true)),
  );
  return {
    type,
    dataOf(values) {
      const found = values as readonly (DuckDBStructValue | null)[];
      const children = members.map((member, at) =>
        member.dataOf(found.map((struct) => struct?.entries[names[at] ?? ''] ?? null)),
      );
      return makeData({ type, ...validityOf(values), children });
    },
  };
}

function maps(key: ArrowColumn, value: ArrowColumn): ArrowColumn {
  // A key is always there, and readers are told so.
  const entry = new Struct([
    new Field('key', key.type, false),
    new Field('value', value.type, true),
  ]);
  const type = new Map_(
    new Field('entries', entry, false) as ConstructorParameters<typeof Map_>[0],
  );
  return {
    type,
    dataOf(values) {
      const found = values as readonly (DuckDBMapValue | null)[];
      const entries = found.flatMap((map) => map?.entries ?? []);
      const child = makeData({
        type: entry,
        length: entries.length,
        nullCount: 0,
        children: [
          key.dataOf(entries.map((one) => one.key)),
          value.dataOf(entries.map((one) => one.value)),
        ],
      });
      return makeData({
        type,
        ...validityOf(values),
        valueOffsets: endsOf(found.map((map) => map?.entries.length ?? 0)),
        child,
      });
    },
  };
}

function endsOf(lengths: readonly number[]): Int32Array {
  const ends = new Int32Array(lengths.length + 1);
  for (const [at, length] of lengths.entries()) ends[at + 1] = (ends[at] ?? 0) + length;
  return ends;
}
