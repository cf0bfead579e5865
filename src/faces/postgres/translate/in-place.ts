/** Whether a question comes from a hypertable, through its foreign chunk. */
import type { RangeVar, SelectStmt } from 'libpg-query';
import { IN_PLACE } from '../../../domain/attached.ts';
import { walk } from './walk.ts';

export function isInPlace(tree: SelectStmt): boolean {
  let found = false;
  walk({ SelectStmt: tree }, (kind, node) => {
    if (kind === 'RangeVar' && (node as RangeVar).schemaname === IN_PLACE) found = true;
  });
  return found;
}
