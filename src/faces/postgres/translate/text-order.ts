/**
 * Texts are put in order by their bytes. A foreign table has the collation of its table, in whose order PostgreSQL takes to be
 * what comes back from it.
 */
import type { Environment } from './environment.ts';
import { isText, type PgTypeName } from './pg-types.ts';
import { unsupported } from './sql-refusal.ts';

/** @throws SqlRefusal 0A000 where the order of such values would be another one */
export function assertSameOrder(
  type: PgTypeName,
  { isTextOrdered }: Pick<Environment, 'isTextOrdered'>,
  location?: number,
): void {
  if (isTextOrdered || !isText(type)) return;
  throw unsupported(
    'the order of texts in a collation of PostgreSQL',
    'Ask it of PostgreSQL: with `offset 0` in a subquery around the foreign table it sorts and compares them itself.',
    location,
  );
}
