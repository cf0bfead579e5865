import type pg from 'pg';
import { TierdError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/time/clock.ts';
import { keepHeads } from '../../lake/audit-heads.ts';
import type { ObjectStore } from '../../lake/object-store.ts';
import { isAuditDayKept, listAuditHeads, noteAuditDay } from '../../ledger/audit.ts';
import { rememberedLake } from '../../ledger/lake-identity.ts';

/**
 * Once a day the heads of the audit log go into the lake, after a job that owns it. A lake that can't take
 * them now takes them after the next job: nothing depends on the very day.
 */
export async function keepDailyHead(
  { store, clock }: { readonly store: ObjectStore; readonly clock: Clock },
  db: pg.Client,
): Promise<void> {
  const at = new Date(clock.now()).toISOString();
  const day = at.slice(0, 10);
  if (await isAuditDayKept(db, day)) return;
  const heads = await listAuditHeads(db);
  const lake = await rememberedLake(db);
  if (heads.length === 0 || lake?.isMarked !== true) return;
  try {
    const key = await keepHeads(store, day, {
      ledgerId: lake.ledgerId,
      at,
      heads: Object.fromEntries(
        heads.map(({ chain, number, hash }) => [chain, { number: number.toString(), hash }]),
      ),
    });
    await noteAuditDay(db, { day, key });
  } catch (error) {
    if (!(error instanceof TierdError)) throw error;
  }
}
