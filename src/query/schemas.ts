/** Where a dataset's views are found, beside `main`. */
import { quoteName } from './sql/sql-text.ts';

/** Of the cold side of a dataset, without what is outdated. */
export const CURRENT = 'tierd current';

/** An engine has them before a question is known. */
export const MAKE_SCHEMAS: string = ['cold', 'hot', 'live', CURRENT]
  .map((schema) => `create schema ${quoteName(schema)}`)
  .join('; ');
