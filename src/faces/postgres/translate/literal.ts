/** A literal in quotes, or the text of a parameter, as a value of a type. */
import { clockText, microsOfDay } from './clock-literal.ts';
import { type Expression, quoteLiteral, type Scale, typed } from './expression.ts';
import { intervalSql, readInterval } from './interval-literal.ts';
import {
  duckdbTypeOf,
  elementOf,
  formatType,
  isKnownType,
  isText,
  type PgTypeName,
} from './pg-types.ts';
import { SqlRefusal, unsupported } from './sql-refusal.ts';
import { timeSql } from './time-literal.ts';

/**
 * @throws SqlRefusal 22P02 where it is no value of the type to anybody, 0A000 where PostgreSQL may read
 *   it and this doesn't
 */
export function literalOf(text: string | null, type: PgTypeName, location?: number): Expression {
  if (text === null) return nullOf(type);
  const element = elementOf(type);
  if (element !== null) return arrayOf(text, element, location);
  if (isText(type)) return typed(quoteLiteral(text), type);
  const found = READERS[type]?.(text);
  if (found === undefined)
    throw unsupported(`a literal of type ${formatType(type)}`, undefined, location);
  if (found === null) throw invalid(text, type, location);
  return typed(found.sql, type, { scale: found.scale ?? 0 });
}

function nullOf(type: PgTypeName): Expression {
  if (!isKnownType(type)) return typed('NULL', type);
  // The narrowest decimal: beside another it takes none of that one's digits.
  const held = type === 'numeric' ? 'DECIMAL(1, 0)' : duckdbTypeOf(type);
  return typed(`CAST(NULL AS ${held})`, type);
}

interface Found {
  readonly sql: string;
  readonly scale?: Scale;
}

type Reader = (text: string) => Found | null;

const cast = (text: string, type: string): Found => ({
  sql: `CAST(${quoteLiteral(text)} AS ${type})`,
});

const integer =
  (type: string, bits: bigint): Reader =>
  (text) => {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) return null;
    const value = BigInt(text.trim().replace(/^\+/, ''));
    if (value >= 2n ** (bits - 1n) || value < -(2n ** (bits - 1n))) {
      throw new SqlRefusal('22003', `value "${text}" is out of range for type ${type}`);
    }
    return cast(String(value), type);
  };

const time =
  (type: 'date' | 'timestamp' | 'timestamptz'): Reader =>
  (text) => {
    const sql = timeSql(text, type);
    if (sql === null) {
      throw new SqlRefusal('0A000', `"${text}" is not read as ${formatType(type)} here`, {
        hint: 'Write it as 2024-01-31 or 2024-01-31 13:14:15.123456+00, as ISO 8601 says.',
      });
    }
    return { sql };
  };

const float =
  (type: string): Reader =>
  (text) => {
    const given = text.trim();
    if (/^[+-]?(inf|infinity|nan)$/i.test(given)) return cast(given.replace('+', ''), type);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given)) return null;
    const value = Number(given);
    if (!Number.isFinite(value) || (value === 0 && /[1-9]/.test(given.replace(/e.*$/i, '')))) {
      throw new SqlRefusal('22003', `"${text}" is out of range for type double precision`);
    }
    return cast(given, type);
  };

const READERS: Readonly<Record<PgTypeName, Reader>> = {
  int2: integer('SMALLINT', 16n),
  int4: integer('INTEGER', 32n),
  int8: integer('BIGINT', 64n),
  oid: (text) => (/^\s*\d{1,10}\s*$/.test(text) ? cast(text.trim(), 'UINTEGER') : null),
  float4: float('FLOAT'),
  float8: float('DOUBLE'),
  numeric: (text) => {
    if (/^\s*([+-]?inf|[+-]?infinity|nan)\s*$/i.test(text)) {
      throw unsupported(`the numeric ${text.trim()}`, 'Cast the column to float8.');
    }
    return numericLiteral(text.trim());
  },
  bool: (text) => {
    const given = text.trim().toLowerCase();
    if (
      given !== '' &&
      ['true', 'yes', 'on', '1'].some((word) => word.startsWith(given) && given !== 'o')
    ) {
      return { sql: 'TRUE' };
    }
    if (
      given !== '' &&
      ['false', 'no', 'off', '0'].some((word) => word.startsWith(given) && given !== 'o')
    ) {
      return { sql: 'FALSE' };
    }
    return null;
  },
  date: time('date'),
  timestamp: time('timestamp'),
  timestamptz: time('timestamptz'),
  time: (text) => {
    const form = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?$/;
    const [, hour, minute, second, fraction] = form.exec(text.trim()) ?? [];
    if (hour === undefined || minute === undefined) return null;
    return cast(clockText(microsOfDay(hour, minute, second, fraction)), 'TIME');
  },
  interval: (text) => {
    const read = readInterval(text);
    const sql = read === null ? null : intervalSql(read);
    if (sql === null) {
      throw new SqlRefusal('0A000', `"${text}" is not read as an interval here`, {
        hint: 'Write it as 1 month 2 days 03:04:05, or as P1M2DT3H.',
      });
    }
    return { sql };
  },
  uuid: (text) => {
    const form = /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;
    if (!form.test(text)) return null;
    const digits = text.replaceAll(/[{}-]/g, '').toLowerCase();
    return cast(digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'), 'UUID');
  },
  bytea: (text) => {
    if (/^\\x([0-9a-f]{2})*$/i.test(text)) return { sql: `unhex('${text.slice(2)}')` };
    if (text.includes('\\')) {
      throw unsupported('a bytea literal with escapes', String.raw`Write it as '\x00ff'.`);
    }
    return { sql: `unhex('${Buffer.from(text).toString('hex')}')` };
  },
};

/** A number with its own digits after the point; null where it is none. */
export function numericLiteral(text: string): Found | null {
  const [, sign = '', whole = '', , fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)(\.(\d*))?(?:e([+-]?\d{1,4}))?$/i.exec(text) ?? [];
  if (whole === '' && fraction === '') return null;
  const shift = Number(exponent);
  const digits = `${whole}${fraction}${'0'.repeat(Math.max(0, Math.min(80, shift - fraction.length)))}`;
  const scale = Math.max(0, fraction.length - shift);
  if (scale > 38 || digits.replace(/^0+/, '').length > 38) {
    throw unsupported('a number of more than 38 digits');
  }
  const padded = digits.replace(/^0+/, '').padStart(scale + 1, '0');
  const point = padded.length - scale;
  const plain = `${padded.slice(0, point)}${scale === 0 ? '' : `.${padded.slice(point)}`}`;
  const width = Math.max(padded.replace(/^0+/, '').length, scale, 1);
  return {
    sql: `CAST('${sign === '-' ? '-' : ''}${plain}' AS DECIMAL(${String(width)}, ${String(scale)}))`,
    scale,
  };
}

function arrayOf(text: string, element: PgTypeName, location?: number): Expression {
  const items = arrayItems(text);
  if (items === null) {
    throw unsupported('an array literal that is nested, or has bounds', undefined, location);
  }
  const values = items.map((item) => literalOf(item, element, location));
  const scales = new Set(values.map(({ scale }) => scale));
  if (scales.size > 1)
    throw unsupported('an array of numerics of several scales', undefined, location);
  const [scale = 0] = scales;
  const list = `[${values.map(({ sql }) => sql).join(', ')}]`;
  const fixed = scale === 'varies' ? 0 : scale;
  return typed(`CAST(${list} AS ${duckdbTypeOf(`${element}[]`, fixed)})`, `${element}[]`, {
    scale,
  });
}

/** The items of `{a,"b c",NULL}`; null for any other form. */
export function arrayItems(text: string): readonly (string | null)[] | null {
  const given = text.trim();
  if (!given.startsWith('{') || !given.endsWith('}')) return null;
  const inner = given.slice(1, -1);
  if (inner.trim() === '') return [];
  const items: (string | null)[] = [];
  const form = /\s*(?:"((?:[^"\\]|\\[\s\S])*)"|((?:[^",{}\\]|\\[\s\S])+))\s*(,|$)/y;
  for (let at = 0; ; at = form.lastIndex) {
    form.lastIndex = at;
    const found = form.exec(inner);
    if (found === null) return null;
    const [, quoted, bare, end] = found;
    const plain = (quoted ?? bare ?? '').replaceAll(/\\([\s\S])/g, '$1');
    items.push(quoted === undefined ? bareItem(plain) : plain);
    if (end === '') return items;
  }
}

function bareItem(text: string): string | null {
  const trimmed = text.trim();
  return trimmed.toLowerCase() === 'null' ? null : trimmed;
}

function invalid(text: string, type: PgTypeName, location?: number): SqlRefusal {
  return new SqlRefusal('22P02', `invalid input syntax for type ${formatType(type)}: "${text}"`, {
    location,
  });
}
