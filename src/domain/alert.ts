/** What tierd tells people of by itself. */
import type { EpochMs } from './time/time-range.ts';

export const ALERT_KINDS = [
  'job_failed',
  'job_refused',
  'job_resting',
  'bad_segment',
  'unknown_files',
  'drain_lag',
  'dead_letters',
  'store_unreachable',
  'lease_lost',
  'live_hazard',
  'cold_duplicates',
  'partitions_short',
  'backup_overdue',
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

/** Something that is wrong now. */
export interface Condition {
  readonly kind: AlertKind;
  readonly severity: 'warning' | 'error';
  /** The job, source or store that it is about. With the kind, what makes two of them the same. */
  readonly subject: string;
  /** For a person; may change while the condition lasts. */
  readonly message: string;
}

export interface Alert extends Condition {
  readonly id: string;
  readonly sinceMs: EpochMs;
}

/** One that goes on, and when and whom it was told last. */
export interface ToldAlert extends Alert {
  readonly toldAtMs: EpochMs;
  /** Names of receivers that have taken it. */
  readonly toldTo: readonly string[];
}

/** One message to people. */
export interface Notification {
  readonly event: 'firing' | 'still_firing' | 'recovered' | 'test';
  readonly alert: Omit<Alert, 'kind'> & { readonly kind: AlertKind | 'test' };
  readonly atMs: EpochMs;
}

export function alertId({ kind, subject }: Pick<Condition, 'kind' | 'subject'>): string {
  return `${kind}:${subject}`;
}
