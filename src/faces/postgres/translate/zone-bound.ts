/**
 * The engine works in UTC. What would be another value in the time zone of a session is refused there, and is looked
 * for in the SQL that was written: it may be found where the answer is the same, and never missed where it isn't.
 */
import { unsupported } from './sql-refusal.ts';

const UTC = /^(?:(?:etc\/)?(?:utc|uct|gmt|universal|zulu|greenwich)|(?:etc\/)?gmt[+-]?0)$/iu;

/** Literals of instants with their offset, of days and of times without a zone. */
const SAME_EVERYWHERE =
  /CAST\((?:'[^']*(?:[+-]\d\d(?::\d\d)?|infinity)'|now\(\)) AS TIMESTAMP WITH TIME ZONE\)|CAST\('[^']*' AS (?:DATE|TIME|TIMESTAMP)\)/gu;

/** An instant as text has its era behind it, by way of a literal. */
const TEXT_OF_INSTANT = "' (BC)'";

const LITERAL = /'(?:[^']|'')*'/gu;

/** Days and times made of instants or instants of them, parts of instants, and what is today. */
const BOUND =
  /\bAS (?:DATE|TIME|TIMESTAMP|TIMESTAMP WITH TIME ZONE)\)|\b(?:date_trunc|date_part|current_date|strftime|strptime|year|generate_series|range)\b/u;

/**
 * @param sql of the engine, as `translate` wrote it
 * @param timeZone of the session
 * @throws SqlRefusal 0A000
 */
export function assertZoneFits(sql: string, timeZone: string): void {
  if (UTC.test(timeZone)) return;
  const left = sql.replaceAll(SAME_EVERYWHERE, '');
  if (!left.includes(TEXT_OF_INSTANT) && !BOUND.test(left.replaceAll(LITERAL, ''))) return;
  throw unsupported(
    `what makes days or times of instants, or instants of them, in a session whose TimeZone is ${timeZone}`,
    "SET TimeZone TO 'UTC' for this question; instants may be written with their offset: '2024-01-15 00:00:00+01'.",
  );
}
