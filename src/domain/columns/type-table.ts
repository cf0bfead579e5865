/**
 * Every built-in type of PostgreSQL and how the lake holds it. docs/types.md is this table in
 * words; tests keep both equal to each other and to `pg_type` of the real server, so that a type
 * that a new PostgreSQL brings fails the suite until it has a row here.
 */

/** The kinds of native column, by how their bytes travel from COPY to Parquet. */
export type NativeKind =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'uint4'
  | 'float4'
  | 'float8'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'uuid'
  | 'bytea'
  | 'json'
  | 'jsonb'
  | 'varchar';

export type TypeRule =
  /** Its own Parquet type. */
  | { readonly held: 'native'; readonly kind: NativeKind }
  /** `numeric`: native when its precision fits, exact text otherwise. */
  | { readonly held: 'numeric' }
  /** The text PostgreSQL makes of it, which PostgreSQL reads back to the same value. */
  | { readonly held: 'text' }
  | { readonly held: 'refused'; readonly reason: string };

const TEXT: TypeRule = { held: 'text' };

function native(kind: NativeKind): TypeRule {
  return { held: 'native', kind };
}

function refused(reason: string): TypeRule {
  return { held: 'refused', reason };
}

const NAMES_AN_OBJECT = refused(
  'its text is the name of another object, which can be renamed or dropped while the archive lives',
);
const INTERNAL_STATISTICS = refused(
  "it is PostgreSQL's internal form of statistics and has no input: no value can be put back",
);

/** `pg_type.typname` → rule, for the types of `pg_catalog` that are neither arrays nor row types. */
export const BUILT_IN_TYPES: Readonly<Record<string, TypeRule>> = {
  bool: native('bool'),
  int2: native('int2'),
  int4: native('int4'),
  int8: native('int8'),
  oid: native('uint4'),
  float4: native('float4'),
  float8: native('float8'),
  numeric: { held: 'numeric' },
  date: native('date'),
  time: native('time'),
  timestamp: native('timestamp'),
  timestamptz: native('timestamptz'),
  uuid: native('uuid'),
  bytea: native('bytea'),
  json: native('json'),
  jsonb: native('jsonb'),
  text: native('varchar'),
  varchar: native('varchar'),
  bpchar: native('varchar'),
  name: native('varchar'),
  refcursor: native('varchar'),

  // One byte that need not be valid UTF-8: PostgreSQL's text escapes it.
  char: TEXT,
  interval: TEXT,
  timetz: TEXT,
  bit: TEXT,
  varbit: TEXT,
  inet: TEXT,
  cidr: TEXT,
  macaddr: TEXT,
  macaddr8: TEXT,
  point: TEXT,
  lseg: TEXT,
  path: TEXT,
  box: TEXT,
  polygon: TEXT,
  line: TEXT,
  circle: TEXT,
  xml: TEXT,
  jsonpath: TEXT,
  tsvector: TEXT,
  tsquery: TEXT,
  tid: TEXT,
  xid: TEXT,
  xid8: TEXT,
  cid: TEXT,
  // Of PostgreSQL 19: eight bytes without a sign, which no native kind here has.
  oid8: TEXT,
  pg_lsn: TEXT,
  txid_snapshot: TEXT,
  pg_snapshot: TEXT,
  int2vector: TEXT,
  oidvector: TEXT,
  int4range: TEXT,
  int8range: TEXT,
  numrange: TEXT,
  tsrange: TEXT,
  tstzrange: TEXT,
  daterange: TEXT,
  int4multirange: TEXT,
  int8multirange: TEXT,
  nummultirange: TEXT,
  tsmultirange: TEXT,
  tstzmultirange: TEXT,
  datemultirange: TEXT,

  money: refused('its text depends on lc_monetary, so the same amount reads differently elsewhere'),
  aclitem: refused('its text names roles, which can be renamed or dropped while the archive lives'),
  regproc: NAMES_AN_OBJECT,
  regprocedure: NAMES_AN_OBJECT,
  regoper: NAMES_AN_OBJECT,
  regoperator: NAMES_AN_OBJECT,
  regclass: NAMES_AN_OBJECT,
  regtype: NAMES_AN_OBJECT,
  regconfig: NAMES_AN_OBJECT,
  regdictionary: NAMES_AN_OBJECT,
  regnamespace: NAMES_AN_OBJECT,
  regrole: NAMES_AN_OBJECT,
  regcollation: NAMES_AN_OBJECT,
  regdatabase: NAMES_AN_OBJECT,
  gtsvector: refused('it is an internal form of index keys and has no input'),
  pg_node_tree: refused("it is PostgreSQL's internal form of parsed queries and has no input"),
  pg_ndistinct: INTERNAL_STATISTICS,
  pg_dependencies: INTERNAL_STATISTICS,
  pg_mcv_list: INTERNAL_STATISTICS,
  pg_brin_bloom_summary: INTERNAL_STATISTICS,
  pg_brin_minmax_multi_summary: INTERNAL_STATISTICS,
};

/** The types made of others, or made by users: one rule per class. */
export const TYPE_CLASSES = {
  enum: native('varchar'),
  array: TEXT,
  composite: TEXT,
  range: TEXT,
  multirange: TEXT,
  pseudo: refused('a pseudo-type is not the type of any stored value'),
  /** Of an extension, or of a PostgreSQL newer than this table. */
  unknown: refused(
    'it is no built-in type, and whether its text gives back the same value is not known',
  ),
} as const satisfies Record<string, TypeRule>;
