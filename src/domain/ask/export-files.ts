/** The files that an export is cut into, each with what belongs into it. Folders are named as Hive's readers expect them. */
import { TierdError } from '../errors.ts';
import type { CalendarUnit, ExportPart } from './structured-ask.ts';

export interface ExportFile {
  /** `year=2024`, `month=01`, `symbol=AAPL`. */
  readonly folders: readonly string[];
  readonly part: ExportPart;
  /** That it has to have. */
  readonly rows: number;
}

/** What `PartsAsk` is answered with. */
export type FoundPart = Readonly<Record<`value ${number}`, string | null>> & {
  readonly time?: string;
  readonly rows: number | string;
};

/** @throws TierdError REFUSED for rows whose time no calendar has */
export function exportFiles(
  found: readonly FoundPart[],
  unit: CalendarUnit | null,
  by: readonly string[],
): readonly ExportFile[] {
  return found.map((one) => {
    const rows = Number(one.rows);
    const values = by.map((column, index) => {
      const value = one[`value ${index}`] ?? null;
      return { column, value };
    });
    const time = unit === null ? null : calendarTime(one.time ?? '', rows);
    return {
      folders: [
        ...(time?.folders ?? []),
        ...values.map(({ column, value }) => `${escaped(column)}=${folderOf(value)}`),
      ],
      part: { from: time?.from ?? null, to: time?.to ?? null, values },
      rows,
    };
  });
}

/** What a table's own columns must not be called, for a reader would see them twice. */
export function foldersOf(unit: CalendarUnit | null): readonly CalendarUnit[] {
  switch (unit) {
    case null:
      return [];
    case 'year':
      return ['year'];
    case 'month':
      return ['year', 'month'];
    case 'day':
      return ['year', 'month', 'day'];
  }
}

interface CalendarTime {
  readonly folders: readonly string[];
  readonly from: string;
  readonly to: string | null;
}

function calendarTime(text: string, rows: number): CalendarTime {
  const [matched, year = '', month, day] = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/.exec(text) ?? [];
  if (matched === undefined || year === '0000') throw noCalendarTime(text, rows);
  const folders = [
    `year=${year}`,
    ...(month === undefined ? [] : [`month=${month}`]),
    ...(day === undefined ? [] : [`day=${day}`]),
  ];
  const from = new Date(`${year}-${month ?? '01'}-${day ?? '01'}T00:00:00Z`);
  const next = new Date(from);
  if (day !== undefined) next.setUTCDate(next.getUTCDate() + 1);
  else if (month !== undefined) next.setUTCMonth(next.getUTCMonth() + 1);
  else next.setUTCFullYear(next.getUTCFullYear() + 1);
  const to = next.getUTCFullYear() > 9999 ? null : dayOf(next);
  return { folders, from: dayOf(from), to };
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** What Hive, Spark and DuckDB write for NULL. */
const NULL_FOLDER = '__HIVE_DEFAULT_PARTITION__';

const folderOf = (value: string | null): string => (value === null ? NULL_FOLDER : escaped(value));

/** What stands for itself in all of their readers; the rest as `%41`. */
function escaped(value: string): string {
  return [...Buffer.from(value)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 0x80 && !/[^A-Za-z0-9_. -]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function noCalendarTime(text: string, rows: number): TierdError {
  return new TierdError({
    code: 'REFUSED',
    message: `${String(rows)} rows have a time that belongs to no year from 1 to 9999 (${text}), and would be in no file. Nothing was written.`,
    hint: 'Leave them out with --from and --to, or export without partitioning by time.',
    context: { time: text, rows },
  });
}
