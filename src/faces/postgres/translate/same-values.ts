/** Values that are put together where they are equal: GROUP BY, DISTINCT, UNION. */

import type { Scale } from './expression.ts';
import type { PgTypeName } from './pg-types.ts';
import { unsupported } from './sql-refusal.ts';

/**
 * @throws SqlRefusal 0A000 for values that are equal to PostgreSQL and different to DuckDB, as 1.0 and 1.00 of a numeric that is held as its text
 */
export function refuseUnlike(
  { type, scale, sql }: { readonly type: PgTypeName; readonly scale: Scale; readonly sql?: string },
  place: string,
  location?: number,
): void {
  if (scale === 'varies') {
    throw unsupported(
      `${place} of a numeric that comes out of a division, or has digits of several kinds`,
      'Cast it to numeric(38,10).',
      location,
    );
  }
  // A column has all its blanks; what is made of it may have others.
  const isPadded = sql !== undefined && /^r\d+\."/.test(sql);
  const isUnlike =
    type.endsWith('*') ||
    type.startsWith('json') ||
    type === 'interval' ||
    (type === 'bpchar' && !isPadded);
  if (isUnlike)
    throw unsupported(`${place} of ${type.replace('*', '')}`, 'Cast it to text.', location);
}
