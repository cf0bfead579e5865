/**
 * What texts of a file become in the columns of a table: what PostgreSQL makes of them, but for times, which it would
 * take for others than were meant without a word. What it would only guess is a doubt, and becomes a dead letter.
 */
import type { ReasonCode } from '../../domain/drain/reason.ts';
import type { ColumnDescription, IntegerTimeUnit, TimeColumn } from '../../domain/table.ts';
import { quoteLiteral, quoteTable } from '../quote.ts';

export interface TimeReading {
  readonly unit: IntegerTimeUnit | null;
  /** Whose local time a text without a zone is; the transaction's `timezone` is the same. */
  readonly zone: string | null;
  /** Whose local time a column without a zone has. */
  readonly tableZone: string;
  readonly column: TimeColumn;
}

export interface ValueSql {
  readonly name: string;
  readonly text: string;
  readonly value: string;
  /** What PostgreSQL can be asked of: whether a text is none of a type, and why. */
  readonly asked: readonly Asked[];
  readonly doubts: readonly Doubt[];
}

export interface Asked {
  /** Null where there is nothing to be asked. */
  readonly text: string;
  readonly typeName: string;
}

export interface Doubt {
  readonly code: ReasonCode;
  /** True of a text that is refused; null of none. */
  readonly when: string;
  /** In words, where the code's own are not enough. */
  readonly words?: string;
}

const FACTOR: Readonly<Record<IntegerTimeUnit, string>> = {
  s: '1000000',
  ms: '1000',
  us: '1',
  ns: '0.001',
};
/** From microseconds. */
const COUNT: Readonly<Record<IntegerTimeUnit, string>> = {
  s: '0.000001',
  ms: '0.001',
  us: '1',
  ns: '1000',
};
const NUMBER = String.raw`'^\s*[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?\s*$'`;
const INTEGER = String.raw`'^\s*[+-]?\d+\s*$'`;
/** A time of day with what says a zone behind it; `am` and `pm` say none. */
const ZONED = String.raw`'(\d:\d\d(:\d\d(\.\d*)?)?|T\d{2,6}(\.\d*)?)\s*([+-]\d|[A-Za-z])'`;
const HALF_OF_DAY = String.raw`'\d\s*[AaPp][Mm]\s*$'`;
const FINER = String.raw`'\.\d{6}\d*[1-9]'`;
/** The years 1 to 9999, in microseconds. */
const [FIRST_US, LAST_US] = ['-62135596800000000', '253402300799999999'];

export function valueOf(column: ColumnDescription, text: string, time: TimeReading): ValueSql {
  const { name, typeName, baseType } = column;
  const base = { name, text };
  const asked = [{ text, typeName }];
  const plain = `${text}::${quoteTable(baseType)}`;
  const isTime = name === time.column.name;
  if (isTime && time.unit !== null)
    return { ...base, ...counted(text, time.unit, time, baseType.name) };
  if (isTime && time.column.kind === 'integer')
    return { ...base, ...integerOf(text, time, column) };
  switch (baseType.schema === 'pg_catalog' ? baseType.name : '') {
    case 'timestamptz':
      return {
        ...base,
        value: plain,
        asked,
        doubts: [...guessed(text), ...gapOf(text, time)],
      };
    case 'timestamp':
      return {
        ...base,
        value: localOf(text, time),
        asked,
        doubts: [...guessed(text), ...gapOf(text, time)],
      };
    case 'date': {
      const when = `case when ${text} ~ ':' then ${text}::timestamp <> date_trunc('day', ${text}::timestamp) end`;
      return {
        ...base,
        value: plain,
        asked,
        doubts: [guessedDay(text), { code: 'time_too_fine', when }],
      };
    }
    default:
      return { ...base, value: plain, asked, doubts: [] };
  }
}

/** `now`, `today` and the like are when it was read, and `epoch` is what nobody wrote down. */
function guessedDay(text: string): Doubt {
  const when = `${text} !~ '\\d' and lower(btrim(${text})) not in ('infinity', '-infinity')`;
  return { code: 'not_a_time', when };
}

function guessed(text: string): readonly Doubt[] {
  return [guessedDay(text), { code: 'time_too_fine', when: `${text} ~ ${FINER}` }];
}

const isZoned = (text: string): string => `(${text} ~ ${ZONED} and ${text} !~ ${HALF_OF_DAY})`;

/** Local times that a clock skipped: PostgreSQL takes an hour later for them. */
function gapOf(text: string, { zone }: TimeReading): readonly Doubt[] {
  if (zone === null) return [];
  const local = `${text}::timestamp`;
  const when = `case when not ${isZoned(text)} then ${local} <> (${local} at time zone ${quoteLiteral(zone)}) at time zone ${quoteLiteral(zone)} end`;
  return [{ code: 'not_a_time', when, words: `no clock of ${zone} showed that time` }];
}

/** Into a column without a zone: a text that has one is turned to the table's, which PostgreSQL would not do. */
function localOf(text: string, { zone, tableZone }: TimeReading): string {
  const there = quoteLiteral(tableZone);
  const local =
    zone === null || zone === tableZone
      ? `${text}::timestamp`
      : `(${text}::timestamp at time zone ${quoteLiteral(zone)}) at time zone ${there}`;
  return `case when ${isZoned(text)} then ${text}::timestamptz at time zone ${there} else ${local} end`;
}

type Reading = Pick<ValueSql, 'value' | 'asked' | 'doubts'>;

/** A count since 1970. */
function counted(
  text: string,
  unit: IntegerTimeUnit,
  { column, tableZone }: TimeReading,
  typeName: string,
): Reading {
  const us = `((${text})::numeric * ${FACTOR[unit]})`;
  const when = (condition: string): string => `case when ${text} ~ ${NUMBER} then ${condition} end`;
  const doubts: readonly Doubt[] = [
    { code: 'not_a_number', when: `${text} !~ ${NUMBER}` },
    { code: 'time_out_of_range', when: when(`${us} not between ${FIRST_US} and ${LAST_US}`) },
  ];
  if (column.kind === 'integer') {
    const count = countOfMicros(us, column, typeName, when);
    return { asked: [], value: count.value, doubts: [...doubts, ...count.doubts] };
  }
  const { value, finer } = instantOf(us, column.kind, tableZone);
  return { asked: [], value, doubts: [...doubts, { code: 'time_too_fine', when: when(finer) }] };
}

/** @returns what is true where the column would hold less than was said */
function instantOf(
  us: string,
  kind: Exclude<TimeColumn['kind'], 'integer'>,
  tableZone: string,
): { readonly value: string; readonly finer: string } {
  // In hours and the rest: each is a whole number that a double holds.
  const instant = `((timestamp '1970-01-01' + div(${us}, 3600000000)::int8 * interval '1 hour' + mod(trunc(${us}), 3600000000)::int8 * interval '1 microsecond') at time zone 'UTC')`;
  const local = `(${instant} at time zone ${quoteLiteral(tableZone)})`;
  const finer = `${us} <> trunc(${us})`;
  switch (kind) {
    case 'timestamptz':
      return { value: instant, finer };
    case 'timestamp':
      return { value: local, finer };
    case 'date': {
      const isHeld = `${us} between ${FIRST_US} and ${LAST_US}`;
      const isPartOfDay = `${isHeld} and ${local} <> date_trunc('day', ${local})`;
      return { value: `${local}::date`, finer: `${finer} or (${isPartOfDay})` };
    }
  }
}

/** What PostgreSQL's integers hold. */
const LAST: Readonly<Record<string, string>> = {
  int2: '32767',
  int4: '2147483647',
  int8: '9223372036854775807',
};

function countOfMicros(
  us: string,
  { unit = 'us' }: TimeColumn,
  typeName: string,
  when: (condition: string) => string,
): Pick<Reading, 'value' | 'doubts'> {
  const count = `(${us} * ${COUNT[unit]})`;
  const last = LAST[typeName] ?? LAST['int8'] ?? '';
  return {
    value: `${count}::int8`,
    doubts: [
      { code: 'time_too_fine', when: when(`${count} <> trunc(${count})`) },
      { code: 'time_out_of_range', when: when(`${count} not between -${last} and ${last}`) },
    ],
  };
}

/** A column of integers takes its own counts, and times as text. */
function integerOf(
  text: string,
  { column, zone }: TimeReading,
  { typeName, baseType }: ColumnDescription,
): Reading {
  const isCount = `${text} ~ ${INTEGER}`;
  const when = (condition: string): string => `case when not ${isCount} then ${condition} end`;
  const us = `(extract(epoch from ${text}::timestamptz)::numeric * 1000000)`;
  const isFinite = `${text} ~ '\\d'`;
  const count = countOfMicros(us, column, baseType.name, (condition) =>
    when(`case when ${isFinite} then ${condition} end`),
  );
  const gap = gapOf(text, { column, zone, unit: null, tableZone: 'UTC' });
  return {
    asked: [
      { text: `case when ${isCount} then ${text} end`, typeName },
      { text: when(text), typeName: 'timestamp with time zone' },
    ],
    value: `case when ${isCount} then ${text}::int8 else ${count.value} end`,
    doubts: [
      { code: 'not_a_time', when: `not ${isFinite}` },
      { code: 'time_too_fine', when: `${text} ~ ${FINER}` },
      ...gap.map((one) => ({ ...one, when: when(one.when) })),
      ...count.doubts,
    ],
  };
}
