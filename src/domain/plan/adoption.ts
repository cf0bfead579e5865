/**
 * What a ledger takes up of a lake that it does not know. Where a manifest says which segments are live that
 * counts; of what is in no manifest only the files speak, and where they leave it open nothing is guessed.
 */
import { addFingerprints, compareFingerprints, type SliceFingerprint } from '../fingerprint.ts';
import type { KeptSlice } from '../lake/lake-manifest.ts';
import type { TimeRange } from '../time/time-range.ts';

/** Which side a row is taken from that is both hot and in a segment which the ledger did not know. */
export type Preference = 'cold' | 'hot';

export type AdoptionProblemKind =
  /** The manifest has it as live, and the lake has no such file. */
  | 'missing'
  /** It is not what was published under its name. */
  | 'altered'
  /** Of the newest manifest, or a part of it: what has gone since the one before would come back. */
  | 'unread'
  /** The lake knows this dataset by another name since then. */
  | 'renamed'
  /** Files of a slice are not all there. */
  | 'incomplete'
  /** No segment that tierd wrote for this dataset, or not at its place. */
  | 'strange'
  /** It may hold rows that others hold as well, and nothing says which of them count. */
  | 'undecided'
  /** Rows of its time are hot, and no key tells whether they are the same. */
  | 'no_key'
  /** Rows are hot as well, and `on_cold_duplicate` lets readers see both. */
  | 'kept_twice';

export interface AdoptionProblem {
  readonly kind: AdoptionProblemKind;
  /** Of the object, or of the first of them. */
  readonly key: string;
  readonly reason: string;
}

/** Nothing is changed while there is one. */
export function isBlocking({ kind }: AdoptionProblem): boolean {
  return ['unread', 'renamed', 'undecided', 'no_key', 'kept_twice'].includes(kind);
}

/** A slice that is taken up, held against the rows that are hot. */
export interface HotMeeting {
  readonly range: TimeRange;
  readonly generation: number;
  /** In the lake. */
  readonly rows: number;
  /** Of these, rows whose key is hot, */
  readonly alsoHot: number;
  /** and of these, rows that are the same in each column. */
  readonly equal: number;
}

/** With `hot`: a slice whose every row is hot is not taken. One that has others is, for they would be lost. */
export function isSetAside({ rows, alsoHot }: HotMeeting, prefer: Preference | null): boolean {
  return prefer === 'hot' && alsoHot === rows;
}

export interface Candidate {
  readonly slice: KeptSlice;
  /** The manifest or the ledger has it as live. */
  readonly isCertain: boolean;
}

/** Slices of which each overlaps another in time: alone, a slice is in question with none. */
export function groupOverlapping(candidates: readonly Candidate[]): readonly Candidate[][] {
  const inOrder = candidates.toSorted((a, b) => (from(a) < from(b) ? -1 : 1));
  const groups: Candidate[][] = [];
  let end: bigint | null = null;
  for (const candidate of inOrder) {
    const group = groups.at(-1);
    if (group !== undefined && end !== null && from(candidate) <= end) group.push(candidate);
    else groups.push([candidate]);
    const to = lastOf(candidate);
    end = end === null || to > end ? to : end;
  }
  return groups;
}

export interface Verdict {
  readonly live: readonly Candidate[];
  /** They hold the rows of those that are live once more. */
  readonly doubled: readonly Candidate[];
  /** Null where nothing can be said by fingerprints. */
}

/**
 * What fingerprints say of a group: one slice with the rows of all others is what they were merged into, or
 * was on the way to be. Null where they leave it open.
 */
export function judgeGroup(group: readonly Candidate[]): Verdict | null {
  if (group.every(({ isCertain }) => isCertain) || group.length === 1) {
    return { live: group, doubled: [] };
  }
  const whole = group.reduce((most, one) => (one.slice.rows > most.slice.rows ? one : most));
  const others = group.filter((one) => one !== whole);
  if (!isSumOf(whole.slice, others)) return null;
  const areOthersCertain = others.some(({ isCertain }) => isCertain);
  if (areOthersCertain && (whole.isCertain || !others.every(({ isCertain }) => isCertain))) {
    return null;
  }
  return areOthersCertain ? { live: others, doubled: [whole] } : { live: [whole], doubled: others };
}

function isSumOf(whole: KeptSlice, parts: readonly Candidate[]): boolean {
  const prints = parts.map(({ slice }) => slice.fingerprint);
  const names = namesOf(whole.fingerprint);
  if (prints.some((print) => namesOf(print) !== names)) return false;
  const [first, ...rest] = prints;
  if (first === undefined) return false;
  return compareFingerprints(whole.fingerprint, rest.reduce(addFingerprints, first)).length === 0;
}

const namesOf = ({ columns }: SliceFingerprint): string =>
  JSON.stringify(columns.map(({ name }) => name));

const from = ({ slice }: Candidate): bigint =>
  slice.segments.reduce(
    (least, { minTimeUs }) => (minTimeUs < least ? minTimeUs : least),
    slice.segments[0]?.minTimeUs ?? 0n,
  );

const lastOf = ({ slice }: Candidate): bigint =>
  slice.segments.reduce(
    (most, { maxTimeUs }) => (maxTimeUs > most ? maxTimeUs : most),
    slice.segments[0]?.maxTimeUs ?? 0n,
  );
