/** What the drain reads from the live store, and the one interface that every kind of source has. */
import { isUtf8 } from 'node:buffer';
import type { KeyPattern } from './key-pattern.ts';

export type SourceKind = LiveSourceSpec['kind'];

/** What the live store has to know of a configured source; its table and mapping are not its. */
export type LiveSourceSpec = {
  /** Of the configuration; safe inside a key. */
  readonly name: string;
  readonly pattern: KeyPattern;
} & (
  | { readonly kind: 'snapshot'; readonly holds: SnapshotHolds }
  | { readonly kind: 'move' }
  | { readonly kind: 'claim' }
  | { readonly kind: 'list' }
  | {
      readonly kind: 'stream';
      readonly group: string;
      /** Stable over restarts, so that a process finds what it had not acknowledged. */
      readonly consumer: string;
      /** Where a group begins that is not there yet: `0` is the first entry, `$` after the last. */
      readonly startAt: string;
      /** Entries that another consumer has held for this long are taken over. */
      readonly claimIdleMs: number;
      /** Remove what every group of the stream has acknowledged. */
      readonly trim: boolean;
      readonly cameAgain: CameAgain;
    }
  | {
      readonly kind: 'zset';
      /** What the scores count since 1970. */
      readonly scoreUnit: 's' | 'ms' | 'us';
      /** Members younger than this stay. */
      readonly graceMs: number;
    }
);

export const SNAPSHOT_HOLDS = ['hash', 'string', 'zset'] as const;
/** What the keys of a snapshot are. Of a sorted set each member is an entry. */
export type SnapshotHolds = (typeof SNAPSHOT_HOLDS)[number];

export const CAME_AGAIN = ['hold', 'skip', 'take'] as const;
/**
 * What is done with entries of a stream that come again from before its mark, when nothing proves that
 * they are those that were drained: kept as dead letters, left out, or taken as new. `take` also takes
 * those of which it is proven.
 */
export type CameAgain = (typeof CAME_AGAIN)[number];

/** Up to where the ledger has a stream as drained. */
export interface StreamMark {
  /** By which it was read last. */
  readonly group: string;
  readonly id: string;
  /** Of the entry with that id; null where it was not kept. */
  readonly digest: Buffer | null;
}

/** The values of an entry's fields, taken out of what Redis sent when they are asked for. */
export interface FieldValues {
  readonly length: number;
  /** Of all of them. */
  readonly bytes: number;
  /** Text where it is UTF-8, else the bytes. */
  at(index: number): string | Buffer;
  /** As Redis sent them, for those who copy bytes; null where values lie apart. */
  packed(): PackedValues | null;
}

/** Good until the same source's next entry is looked at. */
export interface PackedValues {
  readonly bytes: Buffer;
  /** Where each value begins and ends in them. */
  readonly bounds: readonly number[];
}

export type EntryPayload =
  | {
      /** A hash, or an entry of a stream. */
      readonly kind: 'fields';
      /** Entries with the same names in the same order share one array: compare with `===`. */
      readonly names: readonly string[];
      /** As long as `names`. A stream's entry may name a field twice: the last one counts. */
      readonly values: FieldValues;
    }
  /** A string, an entry of a list, a member of a sorted set: JSON, most often. */
  | { readonly kind: 'value'; readonly value: Buffer };

export function fieldValues(values: readonly Buffer[]): FieldValues {
  return {
    length: values.length,
    bytes: values.reduce((sum, value) => sum + value.length, 0),
    at: (index) => textOrBytes(values[index] ?? Buffer.alloc(0)),
    packed: () => null,
  };
}

/** Text where it is UTF-8, else the bytes as they are. */
export function textOrBytes(bytes: Buffer): string | Buffer {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

export interface LiveEntry {
  /** As its writers named it, never the name of a claim. */
  readonly key: string;
  /**
   * Of a stream: the entry's id. Of a list: its index in the claim. Of a sorted set: the score, as
   * Redis writes it. Null for a whole key.
   */
  readonly id: string | null;
  readonly payload: EntryPayload;
}

export type BatchOrigin =
  /** Keys and members that a unique key of the table makes harmless to read twice. */
  | { readonly kind: 'keys' }
  | {
      readonly kind: 'claimed-list';
      /** Names the content for good: a position in it holds over restarts. */
      readonly claim: string;
      readonly key: string;
      readonly fromIndex: number;
      /** Exclusive. */
      readonly toIndex: number;
      /** Whether the claim ends with this batch. */
      readonly last: boolean;
    }
  | {
      readonly kind: 'stream';
      readonly key: string;
      readonly group: string;
      /** Of `entries`, in their order; not always ascending. */
      readonly ids: readonly string[];
      /** Those of `ids` that another consumer of the group had been given before. */
      readonly takenOver: ReadonlySet<string>;
      /** Whether the entry at the ledger's mark was seen to be there: this is the stream that was drained. */
      readonly isSame: boolean;
      /** Entries that were trimmed away before anybody acknowledged them: gone, to be told. */
      readonly lost: readonly string[];
    };

/** Keys that a pattern names and that are of another type than its source reads. */
export interface ForeignKeys {
  readonly keys: number;
  /** One of them. */
  readonly key: string;
  /** As Redis calls it: `string`, `zset`. */
  readonly type: string;
  /** Of a string: whether it begins as a JSON object does. */
  readonly isJson: boolean;
}

/** A key, or a part of one, that could not be read and was left alone; or what else is to be told of it. */
export interface LiveProblem {
  readonly key: string;
  readonly reason: 'wrong_type' | 'key_not_text' | 'refused' | 'group_made';
  /** In words, with what was found. */
  readonly found: string;
}

/** `"prices:A" was left alone: it is of another type than the source reads`. */
export function describeProblem({ key, reason, found }: LiveProblem): string {
  return reason === 'group_made' ? found : `"${key}" was left alone: ${found}`;
}

export interface LiveBatch {
  readonly source: string;
  /** May be empty, when there are only problems or lost entries to tell. */
  readonly entries: readonly LiveEntry[];
  /** Of the payloads, names included. */
  readonly bytes: number;
  readonly origin: BatchOrigin;
  readonly problems: readonly LiveProblem[];
}

export interface BatchLimits {
  readonly maxEntries: number;
  /** One entry that is larger comes alone. */
  readonly maxBytes: number;
}

export interface Acknowledged {
  /** Keys, members or entries of this batch that the live store no longer holds for us. */
  readonly removed: number;
  /** Changed since they were read, so left: a later read has them again. */
  readonly changed: number;
}

/** Where the ledger stands with a claimed list; null for one that it has never seen. */
export type ClaimProgress = { readonly position: number; readonly done: boolean } | null;

/**
 * One configured source, read in passes. A batch may be read while those before it are not yet
 * acknowledged. After any error the source is closed and a new one opened: what was read and not
 * acknowledged comes again.
 */
export interface LiveSource {
  /** The next batch, or null at the end of a pass; the call after that begins a new pass. */
  read(limits: BatchLimits, signal: AbortSignal): Promise<LiveBatch | null>;
  /** Only after the COMMIT that holds the batch has returned (I5). In the order of reading. */
  acknowledge(batch: LiveBatch): Promise<Acknowledged>;
  close(): Promise<void>;
}
