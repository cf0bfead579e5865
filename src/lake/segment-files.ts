/** Where segments can be opened as files, for as long as somebody reads them. */
import type { ObjectStore } from './object-store.ts';

export interface SegmentToOpen {
  readonly key: string;
  readonly bytes: bigint;
}

/**
 * @param directory the reader's own, which it removes
 * @returns the absolute path of each key asked for
 * @throws TierdError OBJECT_MISSING, LAKE_UNREADABLE, LAKE_UNREACHABLE, SEGMENT_UNREADABLE; INTERRUPTED
 */
export type OpenSegments = (
  segments: readonly SegmentToOpen[],
  directory: string,
  signal: AbortSignal | undefined,
) => Promise<(key: string) => string>;

/** A local lake's segments are files already. What is missing is found by who opens it. */
export function inPlace(store: Pick<ObjectStore, 'locate'>): OpenSegments {
  return () => Promise.resolve((key) => store.locate(key));
}

/** A segment of which some columns are needed. */
export interface SegmentInParts extends SegmentToOpen {
  readonly sha256: string;
  readonly rows: bigint;
  /** As of `SegmentFacts`. */
  readonly footerBytes: number | null;
  /** As its file calls them. */
  readonly columns: readonly string[];
  /** How many columns it has. */
  readonly width: number;
  /** Whether less than all of it may do. */
  readonly isInParts: boolean;
}

export interface RowGroup {
  readonly rows: number;
  /** Null where none are stored, or the column is not in the file. */
  boundsOf(column: string): StoredBounds | null;
}

/** The smallest and the largest value, as Parquet stores them. */
export interface StoredBounds {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  /** Parquet's numbers of the physical type, and of what it is taken for. */
  readonly physical: number;
  readonly converted: number | null;
}

/** @returns by the same keys the places of the row groups that can hold a row that is needed */
export type ChooseRowGroups = (
  groups: ReadonlyMap<string, readonly RowGroup[]>,
) => Promise<ReadonlyMap<string, ReadonlySet<number>>>;

/**
 * Segments as files that have at least the columns that were asked for, of at least the chosen row groups. What else
 * they should have they refuse to be asked for. Which are whole is for whoever opens them to decide.
 *
 * @throws TierdError as `OpenSegments`
 */
export type OpenParts = (
  segments: readonly SegmentInParts[],
  choose: ChooseRowGroups,
  directory: string,
  signal: AbortSignal | undefined,
) => Promise<OpenedParts>;

export interface OpenedParts {
  readonly locate: (key: string) => string;
  readonly fetched: Fetched;
}

/** What `OpenParts` would ask of the store for the same; asks nothing of it. */
export type EstimateParts = (
  segments: readonly SegmentInParts[],
  choose: ChooseRowGroups,
) => Promise<FetchEstimate>;

export interface FetchEstimate extends Fetched {
  /** Whether it is known, and not guessed by how many of the columns are needed. */
  readonly isExact: boolean;
}

/** What came from the store. */
export interface Fetched {
  readonly requests: number;
  readonly bytes: number;
}
