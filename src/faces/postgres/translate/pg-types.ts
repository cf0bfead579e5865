/** The types whose values are computed with here: their names, numbers and what DuckDB holds them as. */

export type PgTypeName = string;

interface TypeRow {
  readonly oid: number;
  readonly arrayOid: number;
  /** Null for a numeric, which is held with its scale. */
  readonly duckdb: string | null;
  /** Other names that a cast or `format_type` may use. */
  readonly names?: readonly string[];
}

/** `pg_type.typname` → oids, as in pg_type.dat. */
const TYPES: Readonly<Record<PgTypeName, TypeRow>> = {
  bool: { oid: 16, arrayOid: 1000, duckdb: 'BOOLEAN', names: ['boolean'] },
  bytea: { oid: 17, arrayOid: 1001, duckdb: 'BLOB' },
  name: { oid: 19, arrayOid: 1003, duckdb: 'VARCHAR' },
  int8: { oid: 20, arrayOid: 1016, duckdb: 'BIGINT', names: ['bigint'] },
  int2: { oid: 21, arrayOid: 1005, duckdb: 'SMALLINT', names: ['smallint'] },
  int4: { oid: 23, arrayOid: 1007, duckdb: 'INTEGER', names: ['integer', 'int'] },
  text: { oid: 25, arrayOid: 1009, duckdb: 'VARCHAR' },
  oid: { oid: 26, arrayOid: 1028, duckdb: 'UINTEGER' },
  json: { oid: 114, arrayOid: 199, duckdb: 'VARCHAR' },
  float4: { oid: 700, arrayOid: 1021, duckdb: 'FLOAT', names: ['real'] },
  float8: { oid: 701, arrayOid: 1022, duckdb: 'DOUBLE', names: ['double precision'] },
  bpchar: { oid: 1042, arrayOid: 1014, duckdb: 'VARCHAR', names: ['character'] },
  varchar: { oid: 1043, arrayOid: 1015, duckdb: 'VARCHAR', names: ['character varying'] },
  date: { oid: 1082, arrayOid: 1182, duckdb: 'DATE' },
  time: { oid: 1083, arrayOid: 1183, duckdb: 'TIME', names: ['time without time zone'] },
  timestamp: {
    oid: 1114,
    arrayOid: 1115,
    duckdb: 'TIMESTAMP',
    names: ['timestamp without time zone'],
  },
  timestamptz: {
    oid: 1184,
    arrayOid: 1185,
    duckdb: 'TIMESTAMP WITH TIME ZONE',
    names: ['timestamp with time zone'],
  },
  interval: { oid: 1186, arrayOid: 1187, duckdb: 'INTERVAL' },
  numeric: { oid: 1700, arrayOid: 1231, duckdb: null, names: ['numeric', 'decimal'] },
  uuid: { oid: 2950, arrayOid: 2951, duckdb: 'UUID' },
  jsonb: { oid: 3802, arrayOid: 3807, duckdb: 'JSON' },
};

const BY_NAME = new Map(
  Object.entries(TYPES).flatMap(([type, { names = [] }]) =>
    [type, ...names].map((name) => [name, type] as const),
  ),
);

const BY_OID = new Map(
  Object.entries(TYPES).flatMap(([type, { oid, arrayOid }]) => [
    [oid, type] as const,
    [arrayOid, `${type}[]`] as const,
  ]),
);

/** @param name as a cast says it, or `format_type`, without modifiers */
export function typeNamed(name: string): PgTypeName | null {
  if (!name.endsWith('[]')) return BY_NAME.get(name) ?? null;
  const element = BY_NAME.get(name.slice(0, -2));
  return element === undefined ? null : `${element}[]`;
}

export function typeOfOid(oid: number): PgTypeName | null {
  return BY_OID.get(oid) ?? null;
}

/** Types whose values are shown and not computed with. */
const SHOWN: Readonly<Record<PgTypeName, number>> = {
  '"char"': 18,
  tid: 27,
  xid: 28,
  cid: 29,
  xml: 142,
  point: 600,
  lseg: 601,
  path: 602,
  box: 603,
  polygon: 604,
  line: 628,
  cidr: 650,
  circle: 718,
  macaddr8: 774,
  macaddr: 829,
  inet: 869,
  'time with time zone': 1266,
  bit: 1560,
  'bit varying': 1562,
  refcursor: 1790,
  pg_lsn: 3220,
  tsvector: 3614,
  tsquery: 3615,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
  jsonpath: 4072,
  xid8: 5069,
};

/** Without what marks it here. */
export const shownType = (type: PgTypeName): PgTypeName =>
  type.replace('*', '').replace(/^enum /, '');

/** 25, that of text, for what has none here. */
export function oidOf(type: PgTypeName): number {
  const shown = SHOWN[type];
  if (shown !== undefined) return shown;
  const element = elementOf(type);
  if (element !== null) return TYPES[element]?.arrayOid ?? 1009;
  return TYPES[type]?.oid ?? 25;
}

export function elementOf(type: PgTypeName): PgTypeName | null {
  return type.endsWith('[]') ? type.slice(0, -2) : null;
}

/** @param scale of a numeric */
export function duckdbTypeOf(type: PgTypeName, scale = 0): string {
  const element = elementOf(type);
  if (element !== null) return `${duckdbTypeOf(element, scale)}[]`;
  if (isEnum(type)) return 'VARCHAR';
  return TYPES[type]?.duckdb ?? `DECIMAL(38, ${String(scale)})`;
}

export function isKnownType(type: PgTypeName): boolean {
  const bare = elementOf(type) ?? type;
  return bare in TYPES || isEnum(bare);
}

const INTEGERS = ['int2', 'int4', 'int8'];
const NUMBERS = [...INTEGERS, 'numeric', 'float4', 'float8'];
const TEXTS = ['text', 'varchar', 'bpchar', 'name'];

export const isInteger = (type: PgTypeName): boolean => INTEGERS.includes(type);
export const isNumber = (type: PgTypeName): boolean => NUMBERS.includes(type);
export const isText = (type: PgTypeName): boolean => TEXTS.includes(type);
export const isFloat = (type: PgTypeName): boolean => type === 'float4' || type === 'float8';

/** An enum computes with its labels, which the catalogue knows: `enum mood`. */
const ENUM = 'enum ';

/** @param name as `format_type` says it */
export const enumType = (name: string): PgTypeName => `${ENUM}${name}`;
export const isEnum = (type: PgTypeName): boolean => type.startsWith(ENUM) && !type.endsWith('[]');

/** As messages of PostgreSQL name it. */
export function formatType(type: PgTypeName): string {
  const element = elementOf(type);
  if (element !== null) return `${formatType(element)}[]`;
  return TYPES[type]?.names?.[0] ?? shownType(type);
}

/** A declared type as its parts: `numeric(12,2)`, `character varying(5)[]`, `timestamp(3) with time zone`. */
export function readFormattedType(text: string): { type: PgTypeName; typmod: number } {
  const isArray = text.endsWith('[]');
  const bare = isArray ? text.slice(0, -2) : text;
  const [, modifiers] = /\(([^)]*)\)/.exec(bare) ?? [];
  const name = bare.replace(/\([^)]*\)/, '').trim();
  const known = BY_NAME.get(name);
  const type = known ?? name;
  const numbers = (modifiers ?? '').split(',').map(Number);
  return {
    type: isArray ? `${type}[]` : type,
    typmod: modifiers === undefined ? -1 : typmodOf(type, numbers),
  };
}

/** As `pg_attribute.atttypmod` holds it. */
export function typmodOf(type: PgTypeName, [first = -1, second = 0]: readonly number[]): number {
  if (type === 'numeric') return ((first << 16) | (second & 0x7ff)) + 4;
  if (type === 'varchar' || type === 'bpchar') return first + 4;
  return first;
}

/** Of a numeric with a modifier; negative scales are as declared. */
export function precisionOf(typmod: number): { precision: number; scale: number } {
  const scale = (typmod - 4) & 0x7ff;
  return { precision: (typmod - 4) >> 16, scale: scale > 1023 ? scale - 2048 : scale };
}
