/** Of which ledger the heads are that lie in the lake, and which of them should lie there and don't. */
import { DAY_MS, type EpochMs } from '../../domain/time/time-range.ts';
import type { FoundHeads, KeptHeads } from '../../lake/audit-heads.ts';
import type { AuditDay } from '../../ledger/audit.ts';

export interface Contradiction {
  /** Of the object in the lake. */
  readonly key: string;
  readonly kind: /** The log has another entry in that place, or none. */
    | 'entry'
    /** It is nothing that tierd wrote. */
    | 'no_record'
    | 'unreadable'
    /** The ledger wrote it, and it is not there. */
    | 'missing'
    /** Another ledger wrote it, and the log does not say that this one took the lake over after that. */
    | 'other_ledger';
  readonly reason: string;
}

export interface OurHeads {
  readonly key: string;
  readonly heads: KeptHeads;
}

export interface SortedHeads {
  readonly ours: readonly OurHeads[];
  /** How many are of owners before this ledger. */
  readonly others: number;
  readonly contradictions: readonly Contradiction[];
}

/** @param takenOver when this ledger last took the lake over from another; null where it never did */
export function sortHeads(
  kept: readonly FoundHeads[],
  { ledgerId, takenOver }: { readonly ledgerId: string | null; readonly takenOver: EpochMs | null },
): SortedHeads {
  const ours: OurHeads[] = [];
  const contradictions: Contradiction[] = [];
  let others = 0;
  for (const { key, heads } of kept) {
    if (heads === 'no record') {
      const reason = 'it is no record of the audit log';
      contradictions.push({ key, kind: 'no_record', reason });
    } else if (heads === 'unreadable') {
      const reason = "it can't be read, and the log was not held against it";
      contradictions.push({ key, kind: 'unreadable', reason });
    } else if (heads.ledgerId === ledgerId) ours.push({ key, heads });
    else if (isBefore(heads, takenOver)) others += 1;
    else contradictions.push(ofAnother(key, heads, ledgerId));
  }
  return { ours, others, contradictions };
}

/** By days: the clock of who had the lake before may have been another. */
function isBefore({ at }: KeptHeads, takenOver: EpochMs | null): boolean {
  return (
    takenOver !== null && Math.floor(Date.parse(at) / DAY_MS) <= Math.floor(takenOver / DAY_MS)
  );
}

function ofAnother(
  key: string,
  { ledgerId: other }: KeptHeads,
  ledgerId: string | null,
): Contradiction {
  const own = ledgerId === null ? 'this ledger has no lake yet' : `this one is ${ledgerId}`;
  const reason = `it is of the ledger ${other}; ${own}, and its log names no take-over since`;
  return { key, kind: 'other_ledger', reason };
}

/** @param noted what the ledger says it wrote, read before `kept` was: it notes what lies there */
export function findMissing(
  noted: readonly AuditDay[],
  kept: readonly FoundHeads[],
): readonly Contradiction[] {
  const there = new Set(kept.map(({ key }) => key));
  return noted
    .filter(({ key }) => !there.has(key))
    .map(({ key }) => ({
      key,
      kind: 'missing',
      reason: 'the ledger wrote it, and it is gone from the lake',
    }));
}
