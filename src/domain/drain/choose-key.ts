/** By which unique key of its table a source's rows are known again, and whether it tells entries apart. */
import type { SourceKind } from '../live/live-entry.ts';
import type { DrainSource, SameKey, ValueOrigin } from './source.ts';

export type KeyChoice =
  | {
      /** Null: each entry is a new row, and the ledger alone knows what came again. */
      readonly key: readonly string[] | null;
      /** What is done when two entries have one key; null where none of them can. */
      readonly sameKey: SameKey | null;
    }
  | {
      /** None by which a row that comes again is known, or one that two entries may share. */
      readonly lacks: 'key' | 'distinction' | 'distinction beside nulls';
      readonly found: string;
    };

/** What is read again by its key, as against entries whose ids the ledger keeps. */
const NEEDS_KEY: Readonly<Record<SourceKind, boolean>> = {
  snapshot: true,
  move: true,
  claim: true,
  zset: true,
  list: false,
  stream: false,
};

interface Key {
  readonly columns: readonly string[];
}

/**
 * @param keys the table's unique keys, the preferred ones first
 * @param withNulls those that do not hold for nulls: no row is known by them, and each may be refused for one
 */
export function chooseKey(
  source: DrainSource,
  keys: readonly Key[],
  withNulls: readonly Key[] = [],
): KeyChoice {
  const { kind } = source.live;
  const origins = new Map(source.columns.map(({ column, origin }) => [column, origin]));
  const isSteady = (column: string): boolean => {
    const origin = origins.get(column);
    if (origin === undefined) return false;
    // Another time at each reading: what comes again would be another row. That is what a snapshot
    // may want, for each sample is one.
    return !isBuiltIn(origin, '$captured') || kind === 'snapshot';
  };
  const usable = keys.filter(({ columns }) => columns.every(isSteady));
  if (NEEDS_KEY[kind]) {
    const [first] = usable;
    if (first !== undefined) return { key: first.columns, sameKey: null };
    return { lacks: 'key', found: describeKeys(keys) };
  }
  const mayBeShared = ({ columns }: Key): boolean =>
    !tellsApart(
      source,
      columns.flatMap((column) => origins.get(column) ?? []),
    );
  const shared = usable.find(mayBeShared);
  // The one that two entries may share comes first: it is where rows would meet.
  if (shared === undefined) {
    const met = withNulls.filter(({ columns }) => columns.every(isSteady)).find(mayBeShared);
    // By it no row is found again, so that none of two can be said to stay: the second is refused.
    return met === undefined || source.sameKey === 'error'
      ? { key: usable[0]?.columns ?? null, sameKey: null }
      : { lacks: 'distinction beside nulls', found: met.columns.join(', ') };
  }
  if (source.sameKey !== null) return { key: shared.columns, sameKey: source.sameKey };
  return { lacks: 'distinction', found: shared.columns.join(', ') };
}

/**
 * Parts of the names of Redis keys that the row's key lacks: keys that differ in these alone may come to one row. None for
 * lists and streams, which are asked for `same_key`, and where the key itself is in it.
 *
 * @param key the columns of the row's key
 */
export function untoldCaptures(source: DrainSource, key: readonly string[]): readonly string[] {
  const { live, columns } = source;
  if (!NEEDS_KEY[live.kind]) return [];
  const origins = columns.flatMap(({ column, origin }) => (key.includes(column) ? [origin] : []));
  if (origins.some((origin) => isBuiltIn(origin, '$key'))) return [];
  const told = origins.flatMap((origin) => (origin.from === 'capture' ? [origin.name] : []));
  return live.pattern.captures.filter((name) => !told.includes(name));
}

/** Whether no two entries of the source can have the same of all these. */
function tellsApart({ live }: DrainSource, origins: readonly ValueOrigin[]): boolean {
  if (origins.some((origin) => isBuiltIn(origin, '$entry'))) return true;
  // A stream's ids are its own: another stream may have given the same.
  const captured = origins.flatMap((origin) => (origin.from === 'capture' ? [origin.name] : []));
  const namesKey =
    origins.some((origin) => isBuiltIn(origin, '$key')) ||
    live.pattern.captures.every((name) => captured.includes(name));
  return namesKey && origins.some((origin) => isBuiltIn(origin, '$id'));
}

function isBuiltIn(origin: ValueOrigin, name: string): boolean {
  return origin.from === 'built-in' && origin.name === name;
}

function describeKeys(keys: readonly { readonly columns: readonly string[] }[]): string {
  if (keys.length === 0) return 'it has none';
  const lists = keys.map(({ columns }) => columns.join(', ')).join('), (');
  return `it has (${lists}), of which the source does not fill all columns from the entry`;
}
