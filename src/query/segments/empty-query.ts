/** A SELECT in the place of a side that has nothing. */
import { quoteName } from '../sql/sql-text.ts';
import type { ViewSchema } from './view-schema.ts';

/** Its columns, and no row. */
export function emptyQuery(schema: ViewSchema): string {
  const columns = [...schema].map(([name, type]) => `null::${type} as ${quoteName(name)}`);
  return `select ${columns.join(', ')} where false`;
}
