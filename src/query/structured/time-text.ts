/** `from` and `to`, as the text of a literal that the time column is compared with. */
import { isoTimestamp } from '../iso-time.ts';
import { type DatasetShape, invalid } from './dataset-shape.ts';

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?(?:\d{2})?)?)?$/i;
const WHOLE = /^[+-]?\d{1,18}$/;

const NS_PER_UNIT = { s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, ns: 1n } as const;

/**
 * The first value of the column at or after the instant: `time >= x` and `time < x` mean the same of the two.
 *
 * @throws TierdError QUERY_INVALID
 */
export function timeText(
  { time, timeZone }: DatasetShape,
  parameter: string,
  typed: string,
): string {
  const { kind, unit = 'us' } = time;
  if (kind === 'integer' && WHOLE.test(typed)) return typed;
  const read = readIso(typed);
  if (read === null) {
    throw wrong(parameter, typed, 'a day or a time such as 2024-01-15 or 2024-01-15T06:00:00Z');
  }
  const isLocal = kind === 'timestamp' || kind === 'date';
  if (isLocal && read.isZoned && (timeZone ?? 'UTC') !== 'UTC') {
    throw wrong(
      parameter,
      typed,
      `a time without a zone: the column has the local time of ${String(timeZone)}`,
    );
  }
  switch (kind) {
    case 'integer':
      return String(-floorDiv(-read.ns, NS_PER_UNIT[unit]));
    case 'date': {
      const days = -floorDiv(-read.ns, DAY_NS);
      return isoTimestamp(days * DAY_US).slice(0, 10);
    }
    case 'timestamp':
      return isoTimestamp(-floorDiv(-read.ns, 1_000n));
    case 'timestamptz':
      return `${isoTimestamp(-floorDiv(-read.ns, 1_000n))}Z`;
  }
}

const DAY_US = 86_400_000_000n;
const DAY_NS = DAY_US * 1_000n;

/** Null for what is no instant. */
function readIso(typed: string): { readonly ns: bigint; readonly isZoned: boolean } | null {
  const [matched, day, minute = '00:00', second = '00', fraction = '', zone] =
    ISO.exec(typed) ?? [];
  if (matched === undefined || day === undefined) return null;
  const ms = Date.parse(`${day}T${minute}:${second}Z`);
  // Date takes the 31st of a shorter month for a day of the next.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day) return null;
  const offset = offsetMinutes(zone);
  if (offset === null) return null;
  const ns = BigInt(ms - offset * 60_000) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  return { ns, isZoned: zone !== undefined };
}

function offsetMinutes(zone: string | undefined): number | null {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  if (Number(hours) > 15 || Number(minutes) > 59) return null;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function wrong(parameter: string, typed: string, expected: string): Error {
  return invalid(
    `${parameter}: ${JSON.stringify(typed.slice(0, 60))} is no time that can be compared. Nothing was read.`,
    `Expected was ${expected}.`,
  );
}

function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
