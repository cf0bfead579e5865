/** The engine's types by their names: asked once, for a name means the same in every engine. */
import { DuckDBLogicalType, type DuckDBType } from '@duckdb/node-api';
import { duckdb, type LogicalType } from '../../lake/segment/bindings.ts';
import type { Engine } from '../engine.ts';

export interface HeldType {
  readonly type: DuckDBType;
  readonly logical: LogicalType;
}

const known = new Map<string, HeldType>();

export async function heldTypes(
  { staging }: Engine,
  names: readonly string[],
): Promise<readonly HeldType[]> {
  const unknown = [...new Set(names)].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const list = unknown.map((name) => `null::${name}`).join(', ');
    const result = await duckdb.query(staging.handle, `select ${list}`);
    for (const [index, name] of unknown.entries()) {
      const logical = duckdb.column_logical_type(result, index);
      known.set(name, { logical, type: DuckDBLogicalType.create(logical).asType() });
    }
  }
  return names.map((name) => known.get(name) as HeldType);
}
