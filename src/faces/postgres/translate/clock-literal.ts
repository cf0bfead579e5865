/** Times of a day in literals. A fraction of a second may have more digits than a time keeps: PostgreSQL rounds it. */

const SECOND = 1_000_000;
/** In microseconds. */
export const WHOLE_DAY = 86_400 * SECOND;

/**
 * Microseconds of what is behind the point, as C's rint makes them of a double: a half becomes the even one.
 *
 * @param digits any number of them
 */
export function microsOf(digits: string): number {
  const exact = Number(`.${digits}`) * SECOND;
  const below = Math.floor(exact);
  return exact - below === 0.5 ? below + (below % 2) : Math.round(exact);
}

/** @returns microseconds since midnight, up to those of a whole day */
export function microsOfDay(
  hour: string,
  minute: string,
  second = '0',
  fraction: string | undefined = '',
): number {
  const seconds = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  return seconds * SECOND + (fraction === '' ? 0 : microsOf(fraction));
}

/** As `03:04:05`, or `03:04:05.25`. */
export function clockText(micros: number): string {
  const seconds = Math.floor(micros / SECOND);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
  const rest = micros % SECOND;
  return rest === 0 ? clock : `${clock}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
}
