/** Whether a question comes from a hypertable, through its foreign chunk, and of which session of the hot PostgreSQL. */
import type { RangeVar, SelectStmt } from 'libpg-query';
import { IN_PLACE, READER_PREFIX } from '../../../domain/attached.ts';
import { walk } from './walk.ts';

/** Null for any other question; a session that is null did not say who it is. */
export function readerIn(
  tree: SelectStmt,
  applicationName: string,
): { readonly session: string | null } | null {
  const found: RangeVar[] = [];
  walk({ SelectStmt: tree }, (kind, node) => {
    if (kind === 'RangeVar') found.push(node);
  });
  if (!found.some(({ schemaname }) => schemaname === IN_PLACE)) return null;
  const says = applicationName.startsWith(READER_PREFIX);
  return { session: says ? applicationName.slice(READER_PREFIX.length) : null };
}
