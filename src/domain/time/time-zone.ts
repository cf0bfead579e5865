/** Time zones: how far their clocks are from UTC, and tables whose times have none of their own. */
import type { Dataset } from '../dataset.ts';
import { TierdError } from '../errors.ts';
import { formatTable, type TableDescription } from '../table.ts';
import type { EpochMs } from './time-range.ts';

/** How far local time is ahead of UTC, in milliseconds. */
export function offsetsOf(timeZone: string): (time: EpochMs) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return (time) => {
    const parts = format.formatToParts(time);
    const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0', seconds = '0'] =
      /^GMT([+-])(\d\d):?(\d\d)?(?::(\d\d))?$/.exec(text) ?? [];
    const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -ms : ms;
  };
}

/** Whether it is the name of a time zone; an offset is none, whose sign PostgreSQL reads the other way round. */
export function isNamedZone(name: string): boolean {
  if (!/^[A-Za-z]/u.test(name) || /[+-]\d/u.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format().length > 0;
  } catch {
    return false;
  }
}

/** What the clock of the dataset's writers shows at `now`, read as a time column without a zone is: as UTC. */
export function tableClock({ timeZone }: Pick<Dataset, 'timeZone'>, now: EpochMs): EpochMs {
  return timeZone === undefined ? now : now + offsetsOf(timeZone)(now);
}

/** Throws TIME_COLUMN_INVALID for a zone beside a column that has one, or that counts from an instant. */
export function assertZoneFits(
  { name, timeZone }: Pick<Dataset, 'name' | 'timeZone'>,
  { ref, timeColumn }: Pick<TableDescription, 'ref' | 'timeColumn'>,
): void {
  if (timeZone === undefined || timeColumn.kind === 'timestamp' || timeColumn.kind === 'date')
    return;
  throw new TierdError({
    code: 'TIME_COLUMN_INVALID',
    message: `datasets.${name}.time_zone is ${timeZone}, and ${timeColumn.name} of ${formatTable(ref)} (${timeColumn.kind}) says instants that need none; nothing was changed`,
    hint: `leave out datasets.${name}.time_zone: it is for timestamp without time zone, and for date`,
    context: { dataset: name, timeZone, kind: timeColumn.kind },
  });
}
