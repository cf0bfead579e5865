/** Which of PostgreSQL's types a column of an answer has. */
import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import { TYPE_NUMBERS } from './type-numbers.ts';

export interface PostgresType {
  /** What `format_type` says, without the modifier; of an array with `[]`. */
  readonly name: string;
  readonly oid: number;
  readonly size: number;
  /** -1 where there is none. */
  readonly modifier: number;
  /** Its values are names. */
  readonly isEnum?: true;
  /** Of an array that is not built in. */
  readonly element?: PostgresType;
}

/** @param own that of the column that it is; null of an expression */
export function postgresTypeOf(type: DuckDBType, own: PostgresType | null): PostgresType {
  const made = typeMadeOf(type);
  if (own === null || !isHeldBy(own, made, type)) return made;
  // A number that some segment holds with other digits is one of no fixed digits.
  const isOther = type.typeId === DuckDBTypeId.DECIMAL && scaleOf(own) !== type.scale;
  return isOther ? { ...own, modifier: NO_MODIFIER } : own;
}

const NO_MODIFIER = -1;

/** A built-in type by its name. */
export function builtIn(name: string, modifier = NO_MODIFIER): PostgresType {
  const isArray = name.endsWith('[]');
  const numbers = TYPE_NUMBERS[isArray ? name.slice(0, -2) : name];
  if (numbers === undefined) throw new RangeError(`${name} is no built-in type`);
  const { oid, arrayOid, size } = numbers;
  return isArray ? { name, oid: arrayOid, size: -1, modifier } : { name, oid, size, modifier };
}

const NAMES: ReadonlyMap<DuckDBTypeId, string> = new Map([
  [DuckDBTypeId.BOOLEAN, 'boolean'],
  [DuckDBTypeId.TINYINT, 'smallint'],
  [DuckDBTypeId.SMALLINT, 'smallint'],
  [DuckDBTypeId.INTEGER, 'integer'],
  [DuckDBTypeId.BIGINT, 'bigint'],
  [DuckDBTypeId.UTINYINT, 'smallint'],
  [DuckDBTypeId.USMALLINT, 'integer'],
  [DuckDBTypeId.UINTEGER, 'bigint'],
  [DuckDBTypeId.UBIGINT, 'numeric'],
  [DuckDBTypeId.HUGEINT, 'numeric'],
  [DuckDBTypeId.UHUGEINT, 'numeric'],
  [DuckDBTypeId.DECIMAL, 'numeric'],
  [DuckDBTypeId.FLOAT, 'real'],
  [DuckDBTypeId.DOUBLE, 'double precision'],
  [DuckDBTypeId.DATE, 'date'],
  [DuckDBTypeId.TIME, 'time without time zone'],
  [DuckDBTypeId.TIMESTAMP, 'timestamp without time zone'],
  [DuckDBTypeId.TIMESTAMP_S, 'timestamp without time zone'],
  [DuckDBTypeId.TIMESTAMP_MS, 'timestamp without time zone'],
  [DuckDBTypeId.TIMESTAMP_TZ, 'timestamp with time zone'],
  [DuckDBTypeId.INTERVAL, 'interval'],
  [DuckDBTypeId.UUID, 'uuid'],
  [DuckDBTypeId.BLOB, 'bytea'],
  [DuckDBTypeId.BIT, 'bit varying'],
  [DuckDBTypeId.STRUCT, 'json'],
  [DuckDBTypeId.MAP, 'json'],
  [DuckDBTypeId.UNION, 'json'],
]);

function typeMadeOf(type: DuckDBType): PostgresType {
  if (type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY) {
    // Lists of lists are arrays of more dimensions, of the same type.
    const { name } = typeMadeOf(type.valueType);
    return builtIn(name.endsWith('[]') ? name : `${name}[]`);
  }
  if (type.typeId === DuckDBTypeId.VARCHAR && type.alias === 'JSON') return builtIn('json');
  return builtIn(NAMES.get(type.typeId) ?? 'text');
}

const HEADER = 4;

function scaleOf({ modifier }: PostgresType): number | null {
  return modifier === NO_MODIFIER ? null : (modifier - HEADER) & 0x7ff;
}

/** Texts stand for all types that the lake holds as text. */
function isHeldBy(own: PostgresType, made: PostgresType, type: DuckDBType): boolean {
  if (own.oid === made.oid || type.typeId === DuckDBTypeId.VARCHAR) return true;
  const unsigned = type.typeId === DuckDBTypeId.UINTEGER || type.typeId === DuckDBTypeId.UBIGINT;
  return unsigned && /^(oid|xid|cid|xid8)$/.test(own.name);
}
