/** What keeps the log from being removed: slots, and an archive that takes nothing. */
import { sqlLiteral } from '../sql-name.ts';
import { type Finding, fine, type Judged, type Verdict, verdictOf, worstOf } from './finding.ts';
import { ageInWords, bytesInWords, secondsInWords } from './words.ts';

export interface ReplicationSlot {
  readonly name: string;
  readonly kind: string;
  readonly active: boolean;
  readonly temporary: boolean;
  /** WAL from its restart_lsn to now; null where it reserves none, or that can't be known. */
  readonly keptBytes: number | null;
  /** `reserved`, `extended`, `unreserved`, `lost`; null where it reserves none. */
  readonly walStatus: string | null;
  /** In transactions; null where it holds none. */
  readonly xminAge: number | null;
  readonly catalogXminAge: number | null;
}

export interface ArchiverFacts {
  readonly mode: string;
  readonly failed: number;
  /** Null where none failed, or one has succeeded since. */
  readonly failingSeconds: number | null;
}

export interface WalFacts {
  readonly slots: readonly ReplicationSlot[];
  readonly archiver: ArchiverFacts;
}

const INACTIVE_BYTES = { look: 0, act: 1024 ** 3 };
const ACTIVE_BYTES = { look: 1024 ** 3, act: 20 * 1024 ** 3 };
/** Held back for so many transactions, dead rows of all tables pile up. */
const XMIN_AGE = { look: 1_000_000, act: 50_000_000 };

export function judgeWal({ slots, archiver }: WalFacts): Judged {
  const findings = [...slots.map(slotFinding), ...archiverFindings(archiver)];
  return {
    findings: findings.length === 0 ? [fine('slots', 'none holds WAL')] : findings,
    unseen: [],
  };
}

function slotFinding(slot: ReplicationSlot): Finding {
  const { name, kind, active, keptBytes, walStatus, xminAge, catalogXminAge } = slot;
  const held = Math.max(xminAge ?? 0, catalogXminAge ?? 0);
  const isReserved = keptBytes !== null;
  const bytes = verdictOf(keptBytes ?? 0, active ? ACTIVE_BYTES : INACTIVE_BYTES);
  const verdict = worstOf([
    isReserved ? bytes : 'ok',
    statusVerdict(walStatus),
    verdictOf(held, XMIN_AGE),
  ]);
  const kept = keptBytes === null ? 'keeps no WAL' : `keeps ${bytesInWords(keptBytes)} of WAL`;
  const rows =
    held === 0 ? '' : `, and what was deleted in the last ${ageInWords(held)} transactions`;
  const lost = walStatus === 'lost' ? '; what it needs is removed already, it is of no use' : '';
  return {
    subject: `slot ${name}`,
    verdict,
    found: `${kind}, ${active ? 'in use' : 'used by nobody'}, ${kept}${rows}${lost}`,
    next: verdict === 'ok' ? null : nextOf(slot),
    figures: {
      active,
      kept_bytes: keptBytes,
      wal_status: walStatus,
      xmin_age: xminAge,
      catalog_xmin_age: catalogXminAge,
    },
  };
}

function nextOf({ name, active }: ReplicationSlot): string {
  return active
    ? `select slot_name, active_pid, restart_lsn, wal_status from pg_replication_slots where slot_name = ${sqlLiteral(name)}`
    : `select pg_drop_replication_slot(${sqlLiteral(name)})`;
}

function statusVerdict(status: string | null): Verdict {
  return status === 'lost' || status === 'unreserved' ? 'act' : 'ok';
}

function archiverFindings({ mode, failed, failingSeconds }: ArchiverFacts): readonly Finding[] {
  if (mode === 'off') return [];
  const figures = { mode, failed, failing_seconds: failingSeconds };
  if (failingSeconds === null) return [fine('archive', 'takes the WAL', figures)];
  return [
    {
      subject: 'archive',
      verdict: 'act',
      found: `has taken no WAL since the last attempt failed ${secondsInWords(failingSeconds)} ago (${String(failed)} in all): it stays on the server's disk until it is full`,
      next: 'select last_failed_wal, last_failed_time, failed_count, last_archived_time from pg_stat_archiver',
      figures,
    },
  ];
}
