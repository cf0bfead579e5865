/** One configured source of the drain, with every default filled in. Made by `config/load`. */
import type { Dataset } from '../dataset.ts';
import type { BatchLimits, LiveSourceSpec } from '../live/live-entry.ts';

/** How an entry is taken apart: a hash's or stream entry's fields, a JSON object's members, or not. */
export type EntryFormat = 'hash' | 'json' | 'text';

export interface DrainSource {
  readonly name: string;
  /** What the live store has to know of it. */
  readonly live: LiveSourceSpec;
  readonly format: EntryFormat;
  readonly dataset: Dataset;
  readonly columns: readonly ColumnMapping[];
  /** The column by which the newest of two rows with one key is told; the last read when null. */
  readonly version: string | null;
  /** Takes times as they are, however far from now. */
  readonly anyTime: boolean;
  /** What is done with entries whose rows have one key; null where nobody has said. */
  readonly sameKey: SameKey | null;
  readonly rules: Rules;
  /** Whether a `tierd drain` without names includes it. */
  readonly enabled: boolean;
  readonly limits: BatchLimits;
  /** A larger entry becomes a dead letter. */
  readonly maxEntryBytes: number;
}

export const SAME_KEYS = ['last', 'first', 'error'] as const;
/** Of several entries of a list or a stream whose rows have one key: which stays, or none but the first. */
export type SameKey = (typeof SAME_KEYS)[number];

export interface ColumnMapping {
  readonly column: string;
  readonly origin: ValueOrigin;
  /** `auto`: as the type of the table's column suggests. */
  readonly type: ValueType | 'auto';
  readonly onMissing: OnMissing;
}

export type ValueOrigin =
  | { readonly from: 'field'; readonly name: string }
  | { readonly from: 'capture'; readonly name: string }
  | { readonly from: 'built-in'; readonly name: BuiltIn }
  | { readonly from: 'constant'; readonly text: string };

export const BUILT_INS = [
  '$key',
  '$id',
  '$time',
  '$index',
  '$entry',
  '$score',
  '$member',
  '$value',
  '$captured',
  '$flags',
] as const;
/**
 * `$key` the key; `$id` a stream entry's id and `$time` its milliseconds; `$index` a list entry's
 * place in its claim; `$entry` a UUID that no other entry of a list or a stream has; `$score` and `$member` of a sorted set; `$value` the whole entry; `$captured`
 * when it was read; `$flags` the rules that flagged it.
 */
export type BuiltIn = (typeof BUILT_INS)[number];

export const VALUE_TYPES = [
  'text',
  'number',
  'integer',
  'boolean',
  'json',
  'bytes',
  'time_s',
  'time_ms',
  'time_us',
  'time_ns',
  'time_iso',
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export type OnMissing =
  | { readonly then: 'reject' }
  | { readonly then: 'null' }
  | { readonly then: 'default'; readonly text: string };

/** What an entry must be like to become a row. Absent rules are not checked. */
export interface Rules {
  readonly required: readonly string[];
  readonly ranges: readonly RangeRule[];
  readonly maxAgeMs: number | null;
  readonly maxFutureMs: number | null;
  readonly ohlc: OhlcRule | null;
  readonly monotonic: KeyedRule | null;
  readonly duplicates: (KeyedRule & { readonly window: number }) | null;
  readonly anomalies: readonly AnomalyRule[];
}

export const NO_RULES: Rules = {
  required: [],
  ranges: [],
  maxAgeMs: null,
  maxFutureMs: null,
  ohlc: null,
  monotonic: null,
  duplicates: null,
  anomalies: [],
};

export interface RangeRule {
  readonly column: string;
  readonly min?: number;
  readonly max?: number;
  /** Exclusive. */
  readonly above?: number;
  /** Exclusive. */
  readonly below?: number;
}

export interface OhlcRule {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
}

export type RuleAction = 'flag' | 'reject';

export interface KeyedRule {
  /** The columns that name what is watched: time must grow for each symbol. */
  readonly by: readonly string[];
  readonly action: RuleAction;
}

export interface AnomalyRule extends KeyedRule {
  readonly column: string;
  /** How many earlier values a new one is compared with. */
  readonly window: number;
  /** Robust z-score: distance from the window's median, in standard deviations. */
  readonly threshold: number;
}
