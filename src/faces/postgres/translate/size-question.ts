/**
 * What postgres_fdw asks before it takes a sample for ANALYZE: how large a table is, of a catalogue that does not have it. Its
 * rows are counted in place of that. A foreign chunk has no pages: then an ANALYZE of its hypertable reads no row of it.
 */
import { ATTACHED, IN_PLACE } from '../../../domain/attached.ts';

const PAGES =
  /^SELECT pg_catalog\.pg_relation_size\('((?:[^']|'')+)'::pg_catalog\.regclass\) \/ \d+$/;
const ROWS =
  /^SELECT reltuples, relkind FROM pg_catalog\.pg_class WHERE oid = '((?:[^']|'')+)'::pg_catalog\.regclass$/;

/** A guess, as the size of a table that lies in another form is one. */
const ROWS_OF_PAGE = 80;

/** The question that is answered in its place; null for every other text. */
export function countInPlaceOf(text: string): string | null {
  const pages = tableIn(PAGES, text);
  if (pages?.startsWith(`${IN_PLACE}.`) === true) return 'SELECT 0';
  if (pages !== null) return `SELECT count(*) / ${String(ROWS_OF_PAGE)} FROM ${pages}`;
  const rows = tableIn(ROWS, text);
  return rows === null ? null : `SELECT count(*)::float4 AS reltuples, 'r' AS relkind FROM ${rows}`;
}

/** As SQL: it is quoted within the literal. */
function tableIn(question: RegExp, text: string): string | null {
  const table = question.exec(text)?.[1]?.replaceAll("''", "'");
  const isOurs = [ATTACHED, IN_PLACE].some((schema) => table?.startsWith(`${schema}.`));
  return isOurs ? (table ?? null) : null;
}
