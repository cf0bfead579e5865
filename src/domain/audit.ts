/**
 * The audit log: what was done to the lake, by whom, and with which proof. The hash of an entry holds that of
 * the entry before it: who changes one has to change all that follow, and the lake has the heads of earlier days.
 */
import { createHash } from 'node:crypto';
import type { EpochMs, TimeRange } from './time/time-range.ts';

export type AuditAction =
  /** Rows left the hot store for the lake. */
  | 'moved'
  /** Segments of the lake became others with the same rows. */
  | 'merged'
  /** Segments of a slice became those of two slices with the same rows. */
  | 'split'
  /** Rows came back into their table and are no longer cold. */
  | 'restored'
  /** Rows were put into another table, and are cold still. */
  | 'copied'
  /** Restored rows may leave again. */
  | 'unpinned'
  /** Rows were older than they are to be kept: they are no longer cold, and nowhere else. */
  | 'expired'
  /** Rows were to be nowhere any more: they are no longer cold. */
  | 'deleted'
  /** Rows were replaced by others of the same keys. */
  | 'corrected'
  /** Rows of files became cold that were nowhere before. */
  | 'ingested'
  /** Segments are read in the lake's far place from now on, where they were proven to lie. */
  | 'sent_far'
  /** A partition was made ahead; `rows` of the default one went into it, and are hot as before. */
  | 'partition_made'
  /** Segments that the ledger did not know were taken up, as the lake itself says they are. */
  | 'adopted'
  /** The dataset has another name from now on, or had another until now: of both chains the entry that leads to the other. */
  | 'renamed'
  /** Time was held, and must not expire, */
  | 'held'
  /** or may again. */
  | 'hold_lifted'
  /** Of the lake as a whole: this ledger is its owner from now on, */
  | 'taken_over'
  /** is one of its own with an empty lake, */
  | 'separated'
  /** has it at another place from now on, */
  | 'switched'
  /** and lets a promoted server go on without being asked, or not. */
  | 'promotions_followed'
  | 'promotions_asked';

/** The chain of what concerns the lake as a whole; no dataset can have that name. */
export const LAKE_CHAIN = '_lake';

const PARTITIONS = 'partitions:';

/** Of partitions that were made ahead: a move has the dataset's own chain for as long as it deletes, and these must not wait. */
export function partitionsChainOf(dataset: string): string {
  return `${PARTITIONS}${dataset}`;
}

function datasetOf(chain: string): string {
  return chain.startsWith(PARTITIONS) ? chain.slice(PARTITIONS.length) : chain;
}

export interface AuditActor {
  /** `host:pid`. */
  readonly holder: string;
  /** Begun by a person, not by a daemon. */
  readonly isByHand: boolean;
  /** Of the operating system; null where it has no name. */
  readonly user: string | null;
}

export interface AuditedSegment {
  readonly key: string;
  readonly sha256: string;
  /** Digits. */
  readonly rows: string;
}

/** A slice of the lake, with the hash of its rows by which it was proven. */
export interface AuditedSlice {
  readonly range: TimeRange;
  readonly rows: number;
  /** 16 hex digits. */
  readonly rowHash: string;
}

export interface AuditEntry {
  readonly action: AuditAction;
  /** A dataset, `partitionsChainOf` one, or `LAKE_CHAIN`. */
  readonly chain: string;
  readonly at: EpochMs;
  readonly by: AuditActor;
  readonly runId?: bigint;
  /** Of the move or the restore. */
  readonly id?: string;
  readonly ranges?: readonly TimeRange[];
  readonly rows?: bigint;
  /** PostgreSQL's own digest of the rows that left. */
  readonly sourceDigest?: string;
  readonly published?: readonly AuditedSegment[];
  /** Keys of segments that were live until then. */
  readonly retired?: readonly string[];
  /** What the lake no longer has. */
  readonly slices?: readonly AuditedSlice[];
  /** What else belongs to that action. */
  readonly facts?: Readonly<Record<string, string | number | null>>;
}

/** As it is kept, hashed and shown. */
export function writeEntry({ action, chain, at, by, ...more }: AuditEntry): string {
  const iso = (ms: EpochMs): string => new Date(ms).toISOString();
  const boundsOf = ({ fromInclusive, toExclusive }: TimeRange) => ({
    from: iso(fromInclusive),
    to: iso(toExclusive),
  });
  return JSON.stringify({
    at: iso(at),
    action,
    ...(chain === LAKE_CHAIN ? {} : { dataset: datasetOf(chain) }),
    by: by.holder,
    by_hand: by.isByHand,
    user: by.user,
    run: more.runId?.toString(),
    id: more.id,
    ranges: more.ranges?.map(boundsOf),
    rows: more.rows?.toString(),
    source_digest: more.sourceDigest,
    published: more.published,
    retired: more.retired,
    slices: more.slices?.map(({ range, rows, rowHash }) => ({
      ...boundsOf(range),
      rows,
      row_hash: rowHash,
    })),
    ...more.facts,
  });
}

export interface AuditRecord {
  readonly number: bigint;
  /** As `writeEntry` made it. */
  readonly entry: string;
  /** 64 hex digits. */
  readonly hash: string;
}

/** What the first entry of a chain follows. */
export const NO_HASH = '0'.repeat(64);

/** @param previous 64 hex digits @returns as many */
export function hashEntry(previous: string, number: bigint, entry: string): string {
  const place = Buffer.alloc(8);
  place.writeBigInt64BE(number);
  return createHash('sha256')
    .update(Buffer.from(previous, 'hex'))
    .update(place)
    .update(entry, 'utf8')
    .digest('hex');
}

/** Where a chain is not what was written. */
export interface BrokenChain {
  readonly chain: string;
  /** The first entry that is not as it was; what follows can't be told from it. */
  readonly number: bigint;
  readonly reason: string;
}

/** Checks the records of one chain in their order, however many at a time. */
export class ChainCheck {
  readonly chain: string;
  #number = 0n;
  #hash = NO_HASH;
  #broken: BrokenChain | null = null;

  constructor(chain: string) {
    this.chain = chain;
  }

  get broken(): BrokenChain | null {
    return this.#broken;
  }

  /** Of the last record that was right. */
  get head(): { readonly number: bigint; readonly hash: string } {
    return { number: this.#number, hash: this.#hash };
  }

  add({ number, entry, hash }: AuditRecord): void {
    if (this.#broken !== null) return;
    const expected = this.#number + 1n;
    if (number !== expected) {
      this.#break(expected, 'it is missing');
    } else if (hashEntry(this.#hash, number, entry) !== hash) {
      this.#break(number, 'it is not what was written, or an entry before it is not');
    } else {
      this.#number = number;
      this.#hash = hash;
    }
  }

  /** When all are added. @param head what the ledger says is the newest */
  end(head: { readonly number: bigint; readonly hash: string }): void {
    if (this.#broken !== null || (head.number === this.#number && head.hash === this.#hash)) return;
    const gone = `it is missing: the newest is said to be ${head.number.toString()}`;
    this.#break(this.#number + 1n, gone);
  }

  #break(number: bigint, reason: string): void {
    this.#broken = { chain: this.chain, number, reason };
  }
}
