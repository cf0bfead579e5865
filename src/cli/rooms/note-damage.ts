/** What a query finds wrong with segments, noted where a scrub notes it: status and alerts tell of it from there. */
import type pg from 'pg';
import { recordFindings } from '../../ledger/scrub-findings.ts';
import type { FoundDamage } from '../../query/query-request.ts';

/** Of this ledger's own lake only: another's may hold other files. Never throws. */
export async function noteDamage(db: pg.Client, { damaged, sound }: FoundDamage): Promise<void> {
  const bad = damaged.map(({ key, what }) => ({ key, reason: what }));
  try {
    await recordFindings(db, { sound, bad });
  } catch {
    // A standby, or a role that may only read. Nothing is lost by it: the query tells, and a scrub finds it again.
  }
}
