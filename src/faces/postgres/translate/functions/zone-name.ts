/** The name of a time zone in a statement. */
import { type Expression, quoteLiteral } from '../expression.ts';
import { unsupported } from '../sql-refusal.ts';
import { constantText } from './constant-text.ts';

/** Of a place, or UTC. What PostgreSQL takes for an abbreviation means other offsets in other files. */
export function zoneName(zone: Expression, location: number | undefined): string {
  const name = constantText(zone, 'UTC');
  if (name === null || !/^(UTC|GMT|[A-Z][A-Za-z_]+(\/[A-Za-z_+-]+\d*)+)$/.test(name)) {
    throw unsupported(
      'a time zone that is no name of a place',
      "Name it as 'Europe/Berlin' or 'UTC'.",
      location,
    );
  }
  return quoteLiteral(name);
}
