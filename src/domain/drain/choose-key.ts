/** By which unique key of its table a source's rows are known again. */
import type { SourceKind } from '../live-entry.ts';
import type { DrainSource } from './source.ts';

export interface KeyChoice {
  /** Null: each entry is a new row, and the ledger alone knows what came again. */
  readonly key: readonly string[] | null;
  /** Why the source can't be drained without one; null when it can. */
  readonly refusal: string | null;
}

/** What is read again by its key, as against entries whose ids the ledger keeps. */
const NEEDS_KEY: Readonly<Record<SourceKind, boolean>> = {
  snapshot: true,
  move: true,
  claim: true,
  zset: true,
  list: false,
  stream: false,
};

/**
 * @param keys the table's unique keys, the preferred ones first
 */
export function chooseKey(
  source: DrainSource,
  keys: readonly { readonly columns: readonly string[] }[],
): KeyChoice {
  const { kind } = source.live;
  const origins = new Map(source.columns.map(({ column, origin }) => [column, origin]));
  const isSteady = (column: string): boolean => {
    const origin = origins.get(column);
    if (origin === undefined) return false;
    // Another time at each reading: what comes again would be another row. That is what a snapshot
    // may want, for each sample is one.
    return origin.from !== 'built-in' || origin.name !== '$captured' || kind === 'snapshot';
  };
  const usable = keys.find(({ columns }) => columns.every(isSteady));
  if (usable !== undefined) return { key: usable.columns, refusal: null };
  if (!NEEDS_KEY[kind]) return { key: null, refusal: null };
  const found =
    keys.length === 0
      ? 'it has none'
      : `it has (${keys.map(({ columns }) => columns.join(', ')).join('), (')}), of which the source does not fill all columns from the entry`;
  return { key: null, refusal: found };
}
