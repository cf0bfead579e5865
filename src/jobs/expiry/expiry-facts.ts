import type { AuditEntry } from '../../domain/audit.ts';
import type { Dataset } from '../../domain/dataset.ts';
import { tellDays } from '../../domain/plan/retention.ts';

/** What the audit log says of why rows expired. */
export function expiryFacts({
  coldDays,
  coldDaysByInterval,
}: Dataset): NonNullable<AuditEntry['facts']> {
  return coldDaysByInterval === undefined
    ? { cold_days: coldDays ?? null }
    : { cold_days_by_interval: tellDays(coldDaysByInterval) };
}
