interface CronField {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const WEEKDAYS = 'sun mon tue wed thu fri sat'.split(' ');

const FIELDS: readonly CronField[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 7, names: WEEKDAYS },
];

/** Whether `text` is a crontab(5) schedule of five fields: numbers, names, ranges, lists and steps. */
export function isCronSchedule(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return (
    fields.length === FIELDS.length &&
    FIELDS.every((field, index) =>
      (fields[index] ?? '').split(',').every((part) => isCronPart(part, field)),
    )
  );
}

function isCronPart(part: string, field: CronField): boolean {
  const [range = '', step, ...rest] = part.split('/');
  if (rest.length > 0) return false;
  if (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0)) return false;
  if (range === '*') return true;
  const ends = range.split('-').map((end) => cronValue(end, field));
  if (ends.length > 2 || ends.includes(undefined)) return false;
  const [from = field.min, to = from] = ends;
  // A step needs a range to walk: cron reads `5/10` differently from place to place.
  if (step !== undefined && ends.length === 1) return false;
  return from <= to;
}

function cronValue(text: string, field: CronField): number | undefined {
  if (!/^\d+$/.test(text)) {
    const index = field.names?.indexOf(text.toLowerCase()) ?? -1;
    return index < 0 ? undefined : index + (field.names === MONTHS ? 1 : 0);
  }
  const value = Number(text);
  return value >= field.min && value <= field.max ? value : undefined;
}

/**
 * Whether each step comes at least twice in its field: minutes `*\/90` begin anew with each hour, so that they
 * come once in it and never 90 minutes apart.
 */
export function hasRoomForSteps(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return FIELDS.every((field, index) =>
    (fields[index] ?? '').split(',').every((part) => {
      const [range = '', step = '1'] = part.split('/');
      const [from = field.min, to = range === '*' ? field.max : from] =
        range === '*' ? [] : range.split('-').map((end) => cronValue(end, field));
      return step === '1' || Number(step) <= to - from;
    }),
  );
}

/** The longest that each month gets. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Whether there is a day at which a schedule of five fields comes: `0 2 30 2 *` waits for a 30th of
 * February. Where a weekday is named as well, crontab(5) takes either.
 */
export function everComes(text: string): boolean {
  const [, , days = '*', months = '*', weekdays = '*'] = text.trim().split(/\s+/);
  if (days.startsWith('*') || !weekdays.startsWith('*')) return true;
  const first = Math.min(...days.split(',').map((part) => parseInt(part, 10)));
  return monthsIn(months).some((month) => first <= (MONTH_DAYS[month - 1] ?? 0));
}

function monthsIn(text: string): readonly number[] {
  const field = { min: 1, max: 12, names: MONTHS };
  return text.split(',').flatMap((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = 1, to = range === '*' ? 12 : from] =
      range === '*' ? [] : range.split('-').map((end) => cronValue(end, field));
    return MONTH_DAYS.map((_, index) => index + 1).filter(
      (month) => month >= from && month <= to && (month - from) % Number(step) === 0,
    );
  });
}
