/** The segments of a query, opened as far as it needs them: of what it names of their columns, and of its conditions. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type {
  ChooseRowGroups,
  EstimateParts,
  FetchEstimate,
  OpenedParts,
  OpenParts,
  RowGroup,
  SegmentInParts,
} from '../../lake/segment-files.ts';
import type { LoadedDataset } from '../create-views.ts';
import { neededColumns } from '../sql/needed-columns.ts';
import { testsIn } from '../sql/predicate.ts';
import { type AstObject, foldName } from '../sql/sql-ast.ts';
import type { ColdColumn, SegmentRef } from './cold-catalog.ts';
import { nameInFile } from './columns-as-now.ts';
import { rowGroupRefs } from './row-group-refs.ts';
import { keepMatching } from './segment-filter.ts';
import { findSides } from './sides.ts';

type ToRead = Pick<LoadedDataset, 'dataset' | 'schema' | 'predicate' | 'segments' | 'newer'>;

interface ToOpenInParts {
  readonly openParts: OpenParts;
  readonly connection: DuckDBConnection;
  readonly statement: AstObject;
  readonly loaded: readonly ToRead[];
  /** The query's own. */
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}

/** @throws TierdError as `OpenParts` */
export async function openInParts(asked: ToOpenInParts): Promise<OpenedParts> {
  const { openParts, directory, signal } = asked;
  return openParts(partsOf(asked), chooserFor(asked), directory, signal);
}

/** What opening them would take, were it asked for now. */
export async function estimateInParts(
  estimateParts: EstimateParts,
  asked: Pick<ToOpenInParts, 'connection' | 'statement' | 'loaded'>,
): Promise<FetchEstimate> {
  return estimateParts(partsOf(asked), chooserFor(asked));
}

function partsOf({
  statement,
  loaded,
}: Pick<ToOpenInParts, 'statement' | 'loaded'>): readonly SegmentInParts[] {
  return loaded.flatMap((one) => {
    const isNeeded = neededOf(statement, one);
    const isFiltered = testsIn(one.predicate).length > 0;
    return one.segments.map((segment) => inParts(segment, isNeeded, isFiltered));
  });
}

type IsNeeded = (column: ColdColumn) => boolean;

/**
 * Rather too many: what a query names is not its own alone, so every column of that name is. Where it needs rows and
 * no column of them, DuckDB takes the view's first; and what is outdated is told by the columns of the key.
 */
function neededOf(statement: AstObject, { dataset, schema, newer }: ToRead): IsNeeded {
  const names = [...schema.keys()];
  const isEach = findSides(statement).opaque;
  const needed = isEach ? names : neededColumns(statement, dataset.name, names);
  const folded = new Set([...names.slice(0, 1), ...needed].map(foldName));
  const ofKey = new Set(newer?.identity.columns.map(({ name }) => foldName(name)));
  return (column) => folded.has(foldName(column.name)) || ofKey.has(foldName(nameInFile(column)));
}

function inParts(segment: SegmentRef, isNeeded: IsNeeded, isFiltered: boolean): SegmentInParts {
  const { key, bytes, sha256, rows, footerBytes, columns: all } = segment;
  const columns = all.filter(isNeeded).map(nameInFile);
  const isInParts = isFiltered || columns.length < all.length;
  return { key, bytes, sha256, rows, footerBytes, columns, width: all.length, isInParts };
}

function chooserFor({
  connection,
  loaded,
}: Pick<ToOpenInParts, 'connection' | 'loaded'>): ChooseRowGroups {
  return async (groups) => {
    const chosen = new Map<string, ReadonlySet<number>>();
    for (const one of loaded) {
      for (const [key, kept] of await chooseOf(connection, one, groups)) chosen.set(key, kept);
    }
    return chosen;
  };
}

async function chooseOf(
  connection: DuckDBConnection,
  { dataset, schema, predicate, segments }: ToRead,
  groups: ReadonlyMap<string, readonly RowGroup[]>,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const tests = testsIn(predicate);
  // Each is chosen where there is nothing to choose by.
  if (tests.length === 0) return new Map();
  const columns = new Set(tests.map(({ column }) => column));
  const places = new Map<SegmentRef, number>();
  for (const segment of segments) {
    const found = groups.get(segment.key) ?? [];
    const refs = rowGroupRefs(segment, found, dataset.timeColumn, columns);
    for (const [place, ref] of refs.entries()) places.set(ref, place);
  }
  const chosen = new Map<string, Set<number>>();
  for (const { key } of segments) if (groups.has(key)) chosen.set(key, new Set());
  if (places.size === 0) return chosen;
  const kept = await keepMatching(connection, dataset, schema, predicate, [...places.keys()]);
  for (const ref of kept) chosen.get(ref.key)?.add(places.get(ref) ?? -1);
  return chosen;
}
