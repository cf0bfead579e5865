/** How far a time zone is before UTC, at each instant that PostgreSQL knows. */

const SECOND_US = 1_000_000n;
const QUARTER_US = 900n * SECOND_US;
/** Since then zones change on a quarter of an hour alone; before, by the sun at some place. */
const REGULAR_SINCE_US = BigInt(Date.UTC(1972, 0, 1)) * 1_000n;
/** The calendar repeats, and so do the rules of a zone once they are the last that are known. */
const ERA_US = 146_097n * 86_400n * SECOND_US;
const LAST_OF_DATE_US = 8_640_000_000_000_000n * 1_000n;
const MOST_KNOWN = 4_096;

/** @returns of an instant in microseconds since 1970: seconds east of UTC */
export function zoneOffsets(timeZone: string): (micros: bigint) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const known = new Map<bigint, number>();
  let last: { readonly quarter: bigint; readonly offset: number } | null = null;
  return (micros) => {
    if (micros < REGULAR_SINCE_US) return offsetAt(format, micros);
    const quarter = micros / QUARTER_US;
    if (last?.quarter === quarter) return last.offset;
    let offset = known.get(quarter);
    if (offset === undefined) {
      if (known.size === MOST_KNOWN) known.clear();
      offset = offsetAt(format, micros);
      known.set(quarter, offset);
    }
    last = { quarter, offset };
    return offset;
  };
}

function offsetAt(format: Intl.DateTimeFormat, micros: bigint): number {
  let shown = micros;
  while (shown > LAST_OF_DATE_US) shown -= ERA_US;
  const parts = format.formatToParts(Number(shown / 1_000n));
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT([+-])(\d+)(?::(\d+))?(?::(\d+))?$/.exec(name) ?? [];
  if (sign === undefined) return 0;
  const all = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -all : all;
}
