/**
 * Reads the audit log from its beginning and holds it against itself, and against the heads that the lake has
 * of earlier days. Changes nothing.
 */
import type pg from 'pg';
import { type BrokenChain, ChainCheck } from '../../domain/audit.ts';
import { inTransaction } from '../../hot/transaction.ts';
import { type FoundHeads, type HeadsStore, readHeads } from '../../lake/audit-heads.ts';
import {
  type AuditHead,
  lastOfLake,
  listAuditDays,
  listAuditHeads,
  readAudit,
} from '../../ledger/audit.ts';
import { rememberedLake } from '../../ledger/lake-identity.ts';
import { type Contradiction, findMissing, type OurHeads, sortHeads } from './sort-heads.ts';

export interface AuditVerdict {
  readonly entries: bigint;
  readonly chains: number;
  readonly broken: readonly BrokenChain[];
  /** Days of the lake that the log was held against. */
  readonly days: number;
  /** Days of which the lake has heads of its owners before this ledger. */
  readonly othersDays: number;
  /** Where the lake remembers something else than the ledger, or not what the ledger gave it. */
  readonly contradictions: readonly Contradiction[];
}

const PAGE = 1_000;

/** @throws TierdError LAKE_UNREADABLE */
export async function verifyAudit(
  { store }: { readonly store: HeadsStore },
  db: pg.Client,
): Promise<AuditVerdict> {
  const doing = 'verifying the audit log';
  const options = { doing, isolation: 'repeatable read', readOnly: true } as const;
  const noted = await inTransaction(db, options, () => listAuditDays(db));
  const kept = await readHeads(store);
  const missing = findMissing(noted, kept);
  // Of one instant: entries that are added meanwhile are none of the question.
  return inTransaction(db, options, () => compare(db, kept, missing));
}

async function compare(
  db: pg.Client,
  kept: readonly FoundHeads[],
  missing: readonly Contradiction[],
): Promise<AuditVerdict> {
  const ledgerId = (await rememberedLake(db))?.ledgerId ?? null;
  const takenOver = await lastOfLake(db, 'taken_over');
  const { ours, others, contradictions } = sortHeads(kept, { ledgerId, takenOver });
  const found = [...missing, ...contradictions];
  const remembered = placesOf(ours);
  const heads = await listAuditHeads(db);
  const broken: BrokenChain[] = [];
  let entries = 0n;
  for (const head of withLost(heads, remembered)) {
    const check = new ChainCheck(head.chain);
    found.push(...(await readChain(db, check, remembered.get(head.chain) ?? [])));
    check.end(head);
    if (check.broken !== null) broken.push(check.broken);
    entries += check.head.number;
  }
  return {
    entries,
    chains: heads.length,
    broken,
    days: ours.length,
    othersDays: others,
    contradictions: found.toSorted((a, b) => a.key.localeCompare(b.key)),
  };
}

/** That an entry of a chain had a hash, as an object of the lake remembers it. */
interface KeptPlace {
  readonly key: string;
  readonly number: bigint;
  readonly hash: string;
}

/** By chain. */
function placesOf(kept: readonly OurHeads[]): ReadonlyMap<string, readonly KeptPlace[]> {
  const places = new Map<string, KeptPlace[]>();
  for (const { key, heads } of kept) {
    for (const [chain, { number, hash }] of Object.entries(heads.heads)) {
      const known = places.get(chain) ?? [];
      known.push({ key, number: BigInt(number), hash });
      places.set(chain, known);
    }
  }
  return places;
}

/** A chain that the lake remembers and the ledger has nothing of is one that lost all its entries. */
function withLost(
  heads: readonly AuditHead[],
  remembered: ReadonlyMap<string, readonly KeptPlace[]>,
): readonly AuditHead[] {
  const known = new Set(heads.map(({ chain }) => chain));
  const lost = [...remembered.keys()].filter((chain) => !known.has(chain));
  return [...heads, ...lost.map((chain) => ({ chain, number: 0n, hash: '' }))];
}

async function readChain(
  db: pg.Client,
  check: ChainCheck,
  places: readonly KeptPlace[],
): Promise<readonly Contradiction[]> {
  const { chain } = check;
  const found = new Map<bigint, string>();
  const wanted = new Set(places.map(({ number }) => number));
  let after = 0n;
  for (;;) {
    const records = await readAudit(db, { chain, after, limit: PAGE });
    for (const record of records) {
      check.add(record);
      if (wanted.has(record.number)) found.set(record.number, record.hash);
    }
    const last = records.at(-1);
    if (last === undefined) break;
    after = last.number;
  }
  return places.flatMap((place) => {
    const hash = found.get(place.number);
    if (hash === place.hash) return [];
    return [contradict(place, chain, hash === undefined ? 'is gone' : 'was another one that day')];
  });
}

function contradict({ key, number }: KeptPlace, chain: string, how: string): Contradiction {
  return { key, kind: 'entry', reason: `entry ${number.toString()} of ${chain} ${how}` };
}
