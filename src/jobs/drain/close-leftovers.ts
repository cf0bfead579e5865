/**
 * What killed drains left in the ledger: deliveries that were acknowledged, and claims that were removed,
 * with nobody left to note it. Redis is asked; only what it will not hand out again may ever be forgotten,
 * and not before `keep_deliveries` has passed since, for a failover may bring it back.
 */
import type pg from 'pg';
import type { DrainSource } from '../../domain/drain/source.ts';
import { matchKey } from '../../domain/live/key-pattern.ts';
import { markClaimsRemoved, type OpenClaim, openClaims } from '../../ledger/claims.ts';
import { markAcknowledged, openDeliveries, streamsWithOpen } from '../../ledger/deliveries.ts';
import { noteProblem } from '../../ledger/drain-sources.ts';
import type { LiveStore } from '../../live/connect.ts';
import { isPending, isThere } from '../../live/left-by-killed.ts';
import { stopIfAborted } from '../job-failure.ts';
import type { DrainRun } from './commit-batch.ts';
import type { DrainRooms } from './rooms.ts';

/** Of a stream, and of a source's claims, in one statement. */
const AT_ONCE = 500;

export interface Leftovers {
  readonly rooms: Pick<DrainRooms, 'emit'>;
  readonly run: Pick<DrainRun, 'plan'>;
  readonly db: pg.Client;
  readonly store: LiveStore;
  readonly signal: AbortSignal;
}

/** Call it when Redis has been told of all that this run has committed, and the ledger of that. */
export async function closeLeftovers(leftovers: Leftovers): Promise<void> {
  const { source } = leftovers.run.plan;
  if (source.live.kind === 'stream') await closeDeliveries(leftovers, source, source.live.group);
  if (source.live.kind === 'list') await closeClaims(leftovers, source);
}

/** By the stream and not by the source: one that was renamed has other records of the same entries. */
async function closeDeliveries(
  { db, store, signal }: Leftovers,
  { live }: DrainSource,
  group: string,
): Promise<void> {
  for (const key of await streamsWithOpen(db, group)) {
    if (matchKey(live.pattern, key) === null) continue;
    for (let afterId = '0'; ; ) {
      const open = await openDeliveries(db, { key, group }, { afterId, limit: AT_ONCE });
      const told: string[] = [];
      for (const delivery of open) {
        stopIfAborted(signal);
        if (!(await isPending(store, delivery))) told.push(delivery.id);
      }
      if (told.length > 0) await markAcknowledged(db, told);
      const last = open.at(-1);
      if (last === undefined || open.length < AT_ONCE) break;
      afterId = last.id;
    }
  }
}

async function closeClaims(leftovers: Leftovers, { name, dataset }: DrainSource): Promise<void> {
  const { rooms, db, store, signal } = leftovers;
  for (let afterClaim = ''; ; ) {
    const open = await openClaims(db, name, { afterClaim, limit: AT_ONCE });
    const removed: string[] = [];
    for (const claim of open) {
      stopIfAborted(signal);
      if (await isThere(store, claim.claim)) continue;
      if (claim.done) {
        removed.push(claim.claim);
        continue;
      }
      // Kept: where Redis brings it back, its first entries must not become rows again.
      rooms.emit({ kind: 'claim-gone', source: name, ...claim });
      await noteProblem(db, name, dataset.name, describeGone(claim));
    }
    if (removed.length > 0) await markClaimsRemoved(db, removed);
    const last = open.at(-1);
    if (last === undefined || open.length < AT_ONCE) return;
    afterClaim = last.claim;
  }
}

export function describeGone({ key, claim, position }: Omit<OpenClaim, 'done'>): string {
  return `${claim}, to which the list "${key}" was renamed, is gone from Redis, and only its first ${String(position)} entries were drained: somebody removed it, or this is another Redis`;
}
