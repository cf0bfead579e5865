/**
 * Values that the lake holds as the text PostgreSQL makes of them, in the binary form of their types. The text is
 * PostgreSQL's own and canonical: written in UTC, with `DateStyle ISO` and `IntervalStyle postgres`.
 */
import { parseArray } from './array-text.ts';
import { writeAddress, writeBits, writeChar, writeGeometry, writeHex } from './binary-bytes.ts';
import { writeNumericText } from './binary-numeric.ts';
import {
  writeDate,
  writeInterval,
  writeTime,
  writeTimestamp,
  writeTimeTz,
} from './binary-times.ts';
import { builtIn, type PostgresType } from './postgres-type.ts';
import type { RowBytes } from './row-bytes.ts';

export type WriteText = (text: string, out: RowBytes) => void;

/** Null for a type whose binary form is not made here. */
export function textInBinary(shown: PostgresType): WriteText | null {
  if (shown.isEnum === true) return asItIs;
  const known = BY_TYPE[shown.name];
  if (known !== undefined) return known;
  const { element } = shown;
  if (element !== undefined) return arrayOf(element, textInBinary(element));
  if (shown.name.endsWith('[]')) {
    const item = builtIn(shown.name.slice(0, -2));
    return arrayOf(item, BY_TYPE[item.name] ?? null);
  }
  return null;
}

const asItIs: WriteText = (text, out) => out.text(text);

const versioned: WriteText = (text, out) => {
  out.byte(1);
  out.text(text);
};

const BY_TYPE: Readonly<Record<string, WriteText>> = {
  boolean: (text, out) => out.byte(text.startsWith('t') ? 1 : 0),
  smallint: (text, out) => out.int16(Number(text)),
  integer: (text, out) => out.int32(Number(text)),
  bigint: (text, out) => out.int64(BigInt(text)),
  oid: (text, out) => out.uint32(Number(text)),
  real: (text, out) => out.float4(Number(text)),
  'double precision': (text, out) => out.float8(Number(text)),
  numeric: (text, out) => writeNumericText(out, text),
  text: asItIs,
  'character varying': asItIs,
  character: asItIs,
  bpchar: asItIs,
  name: asItIs,
  json: asItIs,
  xml: asItIs,
  refcursor: asItIs,
  jsonb: versioned,
  jsonpath: versioned,
  bytea: (text, out) => writeHex(out, text.slice(2)),
  uuid: (text, out) => writeHex(out, text),
  '"char"': (text, out) => writeChar(out, text),
  date: (text, out) => writeDate(out, text),
  'time without time zone': (text, out) => writeTime(out, text),
  'time with time zone': (text, out) => writeTimeTz(out, text),
  'timestamp without time zone': (text, out) => writeTimestamp(out, text),
  'timestamp with time zone': (text, out) => writeTimestamp(out, text),
  interval: (text, out) => writeInterval(out, text),
  inet: (text, out) => writeAddress(out, text, false),
  cidr: (text, out) => writeAddress(out, text, true),
  macaddr: (text, out) => writeHex(out, text),
  macaddr8: (text, out) => writeHex(out, text),
  bit: (text, out) => writeBits(out, text),
  'bit varying': (text, out) => writeBits(out, text),
  point: (text, out) => writeGeometry(out, text),
  lseg: (text, out) => writeGeometry(out, text),
  box: (text, out) => writeGeometry(out, text),
  line: (text, out) => writeGeometry(out, text),
  circle: (text, out) => writeGeometry(out, text),
  path(text, out) {
    out.byte(text.startsWith('(') ? 1 : 0);
    writeGeometry(out, text, 'points');
  },
  polygon: (text, out) => writeGeometry(out, text, 'points'),
  tid(text, out) {
    const [block = '0', at = '0'] = text.slice(1, -1).split(',');
    out.uint32(Number(block));
    out.int16((Number(at) << 16) >> 16);
  },
  pg_lsn(text, out) {
    for (const half of text.split('/')) out.uint32(Number.parseInt(half, 16));
  },
  pg_snapshot: writeSnapshot,
  txid_snapshot: writeSnapshot,
  int2vector: vectorOf('smallint'),
  oidvector: vectorOf('oid'),
  ...rangesOf({
    int4: 'integer',
    int8: 'bigint',
    num: 'numeric',
    date: 'date',
    ts: 'timestamp without time zone',
    tstz: 'timestamp with time zone',
  }),
};

function arrayOf(item: PostgresType, write: WriteText | null): WriteText | null {
  if (write === null) return null;
  return (text, out) => {
    const { dimensions, items } = parseArray(text);
    out.int32(dimensions.length);
    out.int32(items.includes(null) ? 1 : 0);
    out.uint32(item.oid);
    for (const { size, from } of dimensions) {
      out.int32(size);
      out.int32(from);
    }
    for (const one of items) {
      if (one === null) out.int32(-1);
      else out.measured(() => write(one, out));
    }
  };
}

/** An array that begins at 0, also without an element. */
function vectorOf(name: string): WriteText {
  return (text, out) => {
    const items = text.split(' ').filter((item) => item !== '');
    const { oid } = builtIn(name);
    out.int32(1);
    out.int32(0);
    out.uint32(oid);
    out.int32(items.length);
    out.int32(0);
    for (const item of items) out.measured(() => BY_TYPE[name]?.(item, out));
  };
}

function writeSnapshot(text: string, out: RowBytes): void {
  const [least = '0', next = '0', list = ''] = text.split(':');
  const running = list.split(',').filter((one) => one !== '');
  out.int32(running.length);
  for (const one of [least, next, ...running]) out.int64(BigInt(one));
}

const EMPTY = 1;
const WITH_LOWER = 2;
const WITH_UPPER = 4;
const NO_LOWER = 8;
const NO_UPPER = 16;

/** `[a,b)`, its bounds in quotes where they have to be. */
const RANGE = /([[(])("(?:[^"\\]|\\.|"")*"|[^,"]*),("(?:[^"\\]|\\.|"")*"|[^\])"]*)([\])])/g;

function rangesOf(subtypes: Readonly<Record<string, string>>): Record<string, WriteText> {
  const writers: Record<string, WriteText> = {};
  for (const [prefix, subtype] of Object.entries(subtypes)) {
    const write: WriteText = (text, out) => BY_TYPE[subtype]?.(text, out);
    const range: WriteText = (text, out) => writeRange(text, out, write);
    writers[`${prefix}range`] = range;
    writers[`${prefix}multirange`] = (text, out) => {
      const ranges = text.match(RANGE) ?? [];
      out.int32(ranges.length);
      for (const one of ranges) out.measured(() => range(one, out));
    };
  }
  return writers;
}

function writeRange(text: string, out: RowBytes, write: WriteText): void {
  if (text === 'empty') {
    out.byte(EMPTY);
    return;
  }
  const [, open, lower = '', upper = '', close] = [...text.matchAll(RANGE)][0] ?? [];
  const flags =
    (lower === '' ? NO_LOWER : open === '[' ? WITH_LOWER : 0) |
    (upper === '' ? NO_UPPER : close === ']' ? WITH_UPPER : 0);
  out.byte(flags);
  for (const bound of [lower, upper]) {
    if (bound !== '') out.measured(() => write(unquoted(bound), out));
  }
}

function unquoted(bound: string): string {
  if (!bound.startsWith('"')) return bound;
  return bound.slice(1, -1).replace(/\\(.)|""/gs, (_, letter: string | undefined) => letter ?? '"');
}
