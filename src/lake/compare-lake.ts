/** What the ledger says lies in the lake, against what was listed there: by name and length. */
import { createHash } from 'node:crypto';
import type { ListedObject } from './object-store.ts';

/** A segment as the ledger has it. */
export interface KnownSegment {
  readonly key: string;
  readonly state: 'publishing' | 'live' | 'retired' | 'removed' | 'abandoned';
  readonly bytes: bigint;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface ScrubSample {
  /** The share of the segments whose bytes are read, 0 to 1; each is looked at in any case. */
  readonly share: number;
  /** The same seed chooses the same segments. Print it. */
  readonly seed: string;
}

export interface LakeComparison {
  /** There, of the right length, and to be read. */
  readonly toRead: readonly KnownSegment[];
  /** There and of the right length; not in the sample. */
  readonly unread: readonly KnownSegment[];
  readonly missing: readonly KnownSegment[];
  readonly wrongLength: readonly { readonly segment: KnownSegment; readonly bytes: number }[];
  /** Objects that the ledger has no row for. */
  readonly unknown: readonly ListedObject[];
  /** Objects that a move has given up, or that should be gone. */
  readonly leftovers: readonly ListedObject[];
}

/** @param sample null: all are to be read */
export function compareLake(
  listed: readonly ListedObject[],
  known: readonly KnownSegment[],
  sample: ScrubSample | null,
): LakeComparison {
  const objects = new Map(listed.map((object) => [object.key, object]));
  const keys = new Set(known.map(({ key }) => key));
  const toRead: KnownSegment[] = [];
  const unread: KnownSegment[] = [];
  const missing: KnownSegment[] = [];
  const wrongLength: { segment: KnownSegment; bytes: number }[] = [];
  const leftovers: ListedObject[] = [];
  for (const segment of known) {
    const object = objects.get(segment.key);
    if (isGivenUp(segment) && object !== undefined) leftovers.push(object);
    if (!isKept(segment)) continue;
    if (object === undefined) {
      // Who removes a retired one tells the ledger afterwards, and may be killed in between.
      if (segment.state === 'live') missing.push(segment);
    } else if (BigInt(object.bytes) !== segment.bytes)
      wrongLength.push({ segment, bytes: object.bytes });
    else if (sample === null || isSampled(segment.key, sample)) toRead.push(segment);
    else unread.push(segment);
  }
  const unknown = listed.filter(({ key }) => !keys.has(key));
  return { toRead, unread, missing, wrongLength, unknown, leftovers };
}

/** A retired segment is kept until its grace is over: a reader may still be at it (I3). */
export function isKept({ state }: KnownSegment): boolean {
  return state === 'live' || state === 'retired';
}

/** One that is being published is neither kept nor given up: it may not be there yet. */
function isGivenUp({ state }: KnownSegment): boolean {
  return state === 'abandoned' || state === 'removed';
}

const HASH_RANGE = 2 ** 48;

/** By the key's own hash, so that the choice does not depend on what else lies in the lake. */
function isSampled(key: string, { share, seed }: ScrubSample): boolean {
  const hash = createHash('sha256').update(`${seed}\0${key}`).digest();
  return hash.readUIntBE(0, 6) < share * HASH_RANGE;
}
