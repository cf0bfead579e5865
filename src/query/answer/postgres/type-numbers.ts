/** PostgreSQL's built-in types by the numbers that clients know them by. All of it is below 16384 and never changes. */

export interface TypeNumbers {
  readonly oid: number;
  /** Of an array of it. */
  readonly arrayOid: number;
  /** Bytes of a value; -1 where that varies. */
  readonly size: number;
}

/** By what `format_type` says, without the modifier. */
export const TYPE_NUMBERS: Readonly<Record<string, TypeNumbers>> = {
  boolean: { oid: 16, arrayOid: 1000, size: 1 },
  bytea: { oid: 17, arrayOid: 1001, size: -1 },
  '"char"': { oid: 18, arrayOid: 1002, size: 1 },
  name: { oid: 19, arrayOid: 1003, size: 64 },
  bigint: { oid: 20, arrayOid: 1016, size: 8 },
  smallint: { oid: 21, arrayOid: 1005, size: 2 },
  int2vector: { oid: 22, arrayOid: 1006, size: -1 },
  integer: { oid: 23, arrayOid: 1007, size: 4 },
  text: { oid: 25, arrayOid: 1009, size: -1 },
  oid: { oid: 26, arrayOid: 1028, size: 4 },
  tid: { oid: 27, arrayOid: 1010, size: 6 },
  xid: { oid: 28, arrayOid: 1011, size: 4 },
  cid: { oid: 29, arrayOid: 1012, size: 4 },
  oidvector: { oid: 30, arrayOid: 1013, size: -1 },
  json: { oid: 114, arrayOid: 199, size: -1 },
  xml: { oid: 142, arrayOid: 143, size: -1 },
  point: { oid: 600, arrayOid: 1017, size: 16 },
  lseg: { oid: 601, arrayOid: 1018, size: 32 },
  path: { oid: 602, arrayOid: 1019, size: -1 },
  box: { oid: 603, arrayOid: 1020, size: 32 },
  polygon: { oid: 604, arrayOid: 1027, size: -1 },
  line: { oid: 628, arrayOid: 629, size: 24 },
  cidr: { oid: 650, arrayOid: 651, size: -1 },
  real: { oid: 700, arrayOid: 1021, size: 4 },
  'double precision': { oid: 701, arrayOid: 1022, size: 8 },
  circle: { oid: 718, arrayOid: 719, size: 24 },
  macaddr8: { oid: 774, arrayOid: 775, size: 8 },
  macaddr: { oid: 829, arrayOid: 1040, size: 6 },
  inet: { oid: 869, arrayOid: 1041, size: -1 },
  character: { oid: 1042, arrayOid: 1014, size: -1 },
  bpchar: { oid: 1042, arrayOid: 1014, size: -1 },
  'character varying': { oid: 1043, arrayOid: 1015, size: -1 },
  date: { oid: 1082, arrayOid: 1182, size: 4 },
  'time without time zone': { oid: 1083, arrayOid: 1183, size: 8 },
  'timestamp without time zone': { oid: 1114, arrayOid: 1115, size: 8 },
  'timestamp with time zone': { oid: 1184, arrayOid: 1185, size: 8 },
  interval: { oid: 1186, arrayOid: 1187, size: 16 },
  'time with time zone': { oid: 1266, arrayOid: 1270, size: 12 },
  bit: { oid: 1560, arrayOid: 1561, size: -1 },
  'bit varying': { oid: 1562, arrayOid: 1563, size: -1 },
  numeric: { oid: 1700, arrayOid: 1231, size: -1 },
  refcursor: { oid: 1790, arrayOid: 2201, size: -1 },
  uuid: { oid: 2950, arrayOid: 2951, size: 16 },
  txid_snapshot: { oid: 2970, arrayOid: 2949, size: -1 },
  pg_lsn: { oid: 3220, arrayOid: 3221, size: 8 },
  tsvector: { oid: 3614, arrayOid: 3643, size: -1 },
  tsquery: { oid: 3615, arrayOid: 3645, size: -1 },
  jsonb: { oid: 3802, arrayOid: 3807, size: -1 },
  int4range: { oid: 3904, arrayOid: 3905, size: -1 },
  numrange: { oid: 3906, arrayOid: 3907, size: -1 },
  tsrange: { oid: 3908, arrayOid: 3909, size: -1 },
  tstzrange: { oid: 3910, arrayOid: 3911, size: -1 },
  daterange: { oid: 3912, arrayOid: 3913, size: -1 },
  int8range: { oid: 3926, arrayOid: 3927, size: -1 },
  jsonpath: { oid: 4072, arrayOid: 4073, size: -1 },
  int4multirange: { oid: 4451, arrayOid: 6150, size: -1 },
  nummultirange: { oid: 4532, arrayOid: 6151, size: -1 },
  tsmultirange: { oid: 4533, arrayOid: 6152, size: -1 },
  tstzmultirange: { oid: 4534, arrayOid: 6153, size: -1 },
  datemultirange: { oid: 4535, arrayOid: 6155, size: -1 },
  int8multirange: { oid: 4536, arrayOid: 6157, size: -1 },
  pg_snapshot: { oid: 5038, arrayOid: 5039, size: -1 },
  xid8: { oid: 5069, arrayOid: 271, size: 8 },
};

const BY_OID = new Map(
  Object.entries(TYPE_NUMBERS).flatMap(([name, { oid, arrayOid }]) => [
    [oid, name] as const,
    [arrayOid, `${name}[]`] as const,
  ]),
);

/** What `format_type` says of it; null for one that is not built in. */
export function typeNameOf(oid: number): string | null {
  return BY_OID.get(oid) ?? null;
}
