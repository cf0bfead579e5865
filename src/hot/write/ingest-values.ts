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
  /** As `format_type` has it. */
  readonly typeName: string;
  readonly text: string;
  readonly value: string;
  /** Whether the text is the type's own, so that PostgreSQL can be asked what is wrong with it. */
  readonly isOwnText: boolean;
  readonly doubts: readonly Doubt[];
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
  const base = { name, typeName, text };
  const plain = `${text}::${quoteTable(baseType)}`;
  const isTime = name === time.column.name;
  if (isTime && time.unit !== null) return { ...base, ...counted(text, time.unit, time) };
  if (isTime && time.column.kind === 'integer') return { ...base, ...integerOf(text, time) };
  switch (baseType.schema === 'pg_catalog' ? baseType.name : '') {
    case 'timestamptz':
      return {
        ...base,
        value: plain,
        isOwnText: true,
        doubts: [...guessed(text), ...gapOf(text, time)],
      };
    case 'timestamp':
      return {
        ...base,
        value: localOf(text, time),
        isOwnText: true,
        doubts: [...guessed(text), ...gapOf(text, time)],
      };
    case 'date': {
      const when = `case when ${text} ~ ':' then ${text}::timestamp <> date_trunc('day', ${text}::timestamp) end`;
      return {
        ...base,
        value: plain,
        isOwnText: true,
        doubts: [guessedDay(text), { code: 'time_too_fine', when }],
      };
    }
    default:
      return { ...base, value: plain, isOwnText: true, doubts: [] };
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

type Reading = Pick<ValueSql, 'value' | 'isOwnText' | 'doubts'>;

/** A count since 1970. */
function counted(text: string, unit: IntegerTimeUnit, { column, tableZone }: TimeReading): Reading {
  const us = `((${text})::numeric * ${FACTOR[unit]})`;
  const when = (condition: string): string => `case when ${text} ~ ${NUMBER} then ${condition} end`;
  const doubts: readonly Doubt[] = [
    { code: 'not_a_number', when: `${text} !~ ${NUMBER}` },
    { code: 'time_out_of_range', when: when(`${us} not between ${FIRST_US} and ${LAST_US}`) },
    { code: 'time_too_fine', when: when(`${us} <> trunc(${us})`) },
  ];
  return { isOwnText: false, ...ofMicros(us, when, doubts, column, tableZone) };
}

function ofMicros(
  us: string,
  when: (condition: string) => string,
  doubts: readonly Doubt[],
  column: TimeColumn,
  tableZone: string,
): Pick<Reading, 'value' | 'doubts'> {
  if (column.kind === 'integer') {
    const count = `(${us} * ${COUNT[column.unit ?? 'us']})`;
    const finer: Doubt = { code: 'time_too_fine', when: when(`${count} <> trunc(${count})`) };
    return { value: `${count}::int8`, doubts: [...doubts, finer] };
  }
  // In hours and the rest: each is a whole number that a double holds.
  const instant = `((timestamp '1970-01-01' + trunc(${us} / 3600000000)::int8 * interval '1 hour' + mod(${us}, 3600000000)::int8 * interval '1 microsecond') at time zone 'UTC')`;
  const local = `(${instant} at time zone ${quoteLiteral(tableZone)})`;
  switch (column.kind) {
    case 'timestamptz':
      return { value: instant, doubts };
    case 'timestamp':
      return { value: local, doubts };
    case 'date': {
      const finer = when(
        `${us} between ${FIRST_US} and ${LAST_US} and ${local} <> date_trunc('day', ${local})`,
      );
      return {
        value: `${local}::date`,
        doubts: [...doubts, { code: 'time_too_fine', when: finer }],
      };
    }
  }
}

/** A column of integers takes its own counts, and times as text. */
function integerOf(text: string, { column, zone }: TimeReading): Reading {
  const isCount = `${text} ~ ${INTEGER}`;
  const count = `(extract(epoch from ${text}::timestamptz)::numeric * 1000000 * ${COUNT[column.unit ?? 'us']})`;
  const when = (condition: string): string => `case when not ${isCount} then ${condition} end`;
  return {
    isOwnText: false,
    value: `case when ${isCount} then ${text}::int8 else ${count}::int8 end`,
    doubts: [
      { code: 'not_a_time', when: when(`${text} !~ '\\d.*[-/: ]'`) },
      { code: 'time_too_fine', when: `${text} ~ ${FINER}` },
      ...gapOf(text, { column, zone, unit: null, tableZone: 'UTC' }).map((gap) => ({
        ...gap,
        when: when(gap.when),
      })),
      { code: 'time_too_fine', when: when(`${count} <> trunc(${count})`) },
    ],
  };
}
