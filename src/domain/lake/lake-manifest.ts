/**
 * What the ledger knows of a dataset, as it is kept beside the segments: a head, and for each month of its
 * slices a part. Who lost the database makes a new ledger of it.
 */
import type { ColumnPlan } from '../columns/column-plan.ts';
import type { SliceFingerprint } from '../fingerprint.ts';
import type { Hold } from '../plan/holds.ts';
import type { Pin } from '../plan/pins.ts';
import type { EpochMs, TimeRange } from '../time/time-range.ts';
import type { KnownColumn } from './field-ids.ts';
import type { SegmentFacts } from './segment-facts.ts';

/** A segment that readers take for rows, or one that was replaced and whose file is still there. */
export type KeptState = 'live' | 'retired';

export interface KeptSegment extends SegmentFacts {
  readonly state: KeptState;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** A slice with those of its segments that are kept. */
export interface KeptSlice {
  readonly range: TimeRange;
  readonly generation: number;
  /** Of the move that published it. */
  readonly moveId: string;
  /** Of all of its segments together, and so is the fingerprint. */
  readonly rows: bigint;
  readonly fingerprint: SliceFingerprint;
  readonly columns: readonly ColumnPlan[];
  readonly segments: readonly KeptSegment[];
  /** Its rows went back into the dataset's own table, and no rotation has moved rows of its time since. */
  readonly isRestored: boolean;
}

/** The slices that begin in one UTC month. A segment's folder is of that month as well. */
export interface PartSummary {
  /** `2024-01` */
  readonly month: string;
  /** Of the keys and states of the segments: the same as long as nothing of the month changed. */
  readonly digest: string;
  readonly segments: number;
}

export interface ManifestPart extends PartSummary {
  /** Of the object in the lake. */
  readonly key: string;
  readonly sha256: string;
}

/** All that is known of a dataset beside its slices. */
export interface DatasetRecord {
  /** `schema.table` */
  readonly table: string;
  readonly columns: readonly KnownColumn[];
  /** Those that nobody has lifted. */
  readonly holds: readonly Hold[];
  readonly pins: readonly Pin[];
  /** Names that it had before: its older segments lie in their folders. */
  readonly formerNames: readonly string[];
  /** The newest entry of the dataset's chain in the audit log; null where it has none. */
  readonly audit: { readonly number: bigint; readonly hash: string } | null;
}

export interface ManifestHead extends DatasetRecord {
  readonly dataset: string;
  /** What it is called now; null where it is called as ever. One that was renamed has no parts here. */
  readonly renamedTo: string | null;
  /** One more with each. */
  readonly number: number;
  readonly lakeId: string;
  readonly ledgerId: string;
  /** Of the lake's owner. */
  readonly epoch: number;
  readonly at: EpochMs;
  readonly parts: readonly ManifestPart[];
}
