/** What deletes rows takes a value that only verification can make (I1). */
import type { SliceFingerprint } from '../fingerprint.ts';
import { PROOF_KEY } from './proof-key.ts';

/** One published object as it was read back. */
export interface ProvenSegment {
  /** Where it was read from. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly rows: number;
  /** Of this file's rows alone: what a later scrub compares with. */
  readonly fingerprint: SliceFingerprint;
}

/**
 * Published segments whose every value was read back from where they were published and found to
 * be what PostgreSQL sent.
 */
export class ProvenSegments {
  readonly segments: readonly ProvenSegment[];
  /** Of all of them together: the export's. */
  readonly fingerprint: SliceFingerprint;

  /** `key` is at hand in the verifier only. */
  constructor(
    key: typeof PROOF_KEY,
    segments: readonly ProvenSegment[],
    fingerprint: SliceFingerprint,
  ) {
    if (key !== PROOF_KEY) throw new TypeError('a proof is made by verification only');
    this.segments = segments;
    this.fingerprint = fingerprint;
  }

  get rows(): number {
    return this.fingerprint.rows;
  }
}

/**
 * Rows of the hot store that live segments hold already, value by value, as they were read back from
 * where they were published.
 */
export class HeldRows {
  /** Of the segments: they have to be live still when the rows leave. */
  readonly keys: readonly string[];
  readonly fingerprint: SliceFingerprint;

  /** `key` is at hand in the verifier only. */
  constructor(key: typeof PROOF_KEY, keys: readonly string[], fingerprint: SliceFingerprint) {
    if (key !== PROOF_KEY) throw new TypeError('a proof is made by verification only');
    this.keys = keys;
    this.fingerprint = fingerprint;
  }

  get rows(): number {
    return this.fingerprint.rows;
  }
}
