/** The relations that a question may name, and the types of their columns. */

import type { Scale } from './expression.ts';
import { enumType, type PgTypeName, readFormattedType } from './pg-types.ts';

export interface CatalogueColumn {
  readonly name: string;
  /** What `format_type` says. */
  readonly postgresType: string;
  /** What DuckDB holds: VARCHAR also where PostgreSQL's type isn't one of text. */
  readonly duckdbType: string;
  /** Of an enum whose labels say the same in all rows: `Catalogue.enums` has it. */
  readonly isEnum?: true;
  /** The relation has no such column: it is null in each row. */
  readonly isMissing?: true;
}

export interface CatalogueRelation {
  readonly schema: string;
  readonly name: string;
  /** As a statement for DuckDB names it, quoted. */
  readonly sql: string;
  readonly columns: readonly CatalogueColumn[];
  /** Of a side that can be read at an instant of somebody else's: what `tierd_as_of` says. */
  readonly instant?: string | null;
}

export interface EnumLabels {
  readonly oid: number;
  readonly arrayOid: number;
  /** In the order that they have as values. */
  readonly labels: readonly string[];
}

export interface Catalogue {
  /** By what `format_type` says. */
  readonly enums?: ReadonlyMap<string, EnumLabels>;
  readonly relations: readonly CatalogueRelation[];
  /** Where a bare name is looked for, in this order. */
  readonly searchPath: readonly string[];
  /** Whether the order of texts that is expected may be another one than that of their bytes. */
  readonly isCollated?: boolean;
}

export function findRelation(
  { relations, searchPath }: Catalogue,
  schema: string | null,
  name: string,
): CatalogueRelation | null {
  const schemas = schema === null ? searchPath : [schema];
  for (const each of schemas) {
    const found = relations.find((one) => one.schema === each && one.name === name);
    if (found !== undefined) return found;
  }
  return null;
}

export interface ColumnType {
  readonly type: PgTypeName;
  readonly typmod: number;
  readonly scale: Scale;
}

/**
 * The type that is computed with. A type whose values DuckDB has only as a text of them keeps its name with a star: it can be
 * shown and nothing else.
 */
export function columnType({ postgresType, duckdbType, ...column }: CatalogueColumn): ColumnType {
  if (column.isEnum === true) return { type: enumType(postgresType), typmod: -1, scale: 0 };
  const { type, typmod } = readFormattedType(postgresType);
  if (type === 'numeric') {
    const [, scale] = /^DECIMAL\(\d+,\s*(\d+)\)$/i.exec(duckdbType) ?? [];
    if (scale === undefined) return { type: 'numeric*', typmod, scale: 0 };
    return { type, typmod, scale: Number(scale) };
  }
  return { type: isHeldAs(type, duckdbType) ? type : `${type}*`, typmod, scale: 0 };
}

const HELD: Readonly<Record<PgTypeName, string>> = {
  bool: 'BOOLEAN',
  bytea: 'BLOB',
  int8: 'BIGINT',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  oid: 'UINTEGER',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
  uuid: 'UUID',
  interval: 'INTERVAL',
  text: 'VARCHAR',
  varchar: 'VARCHAR',
  bpchar: 'VARCHAR',
  name: 'VARCHAR',
  json: 'VARCHAR',
  jsonb: 'JSON',
};

function isHeldAs(type: PgTypeName, duckdbType: string): boolean {
  if (type.endsWith('[]')) {
    return duckdbType.endsWith('[]') && isHeldAs(type.slice(0, -2), duckdbType.slice(0, -2));
  }
  const held = HELD[type];
  if (type === 'jsonb' && duckdbType.toUpperCase() === 'VARCHAR') return true;
  return (
    held !== undefined &&
    held === duckdbType.toUpperCase().replace('TIMESTAMPTZ', 'TIMESTAMP WITH TIME ZONE')
  );
}
