import { flag } from './fields.ts';

/** Of each kind of lake. */
export const lakeIceberg = flag(
  'Keep the datasets as Iceberg tables as well, which other engines read in place: docs/iceberg.md. A dataset may say otherwise.',
).default(false);
