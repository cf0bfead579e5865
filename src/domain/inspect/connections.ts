import { type Finding, type Judged, verdictOf } from './finding.ts';
import { shareInWords } from './words.ts';

export interface ConnectionFacts {
  readonly max: number;
  /** Kept for superusers, and from PostgreSQL 16 on for roles that are named. */
  readonly reserved: number;
  /** In all databases. */
  readonly used: number;
  readonly active: number;
  readonly idle: number;
  readonly idleInTransaction: number;
  /** Sessions of other roles, of which this one may not see what they do. */
  readonly hidden: number;
  /** Those that have the most, `name × count`. */
  readonly applications: readonly string[];
}

const FULL = { look: 0.75, act: 0.9 };

const LIST_IDLE =
  "select pid, usename, application_name, state, now() - state_change as since from pg_stat_activity where state like 'idle%' order by state_change limit 20";

export function judgeConnectionUse(facts: ConnectionFacts): Judged {
  const free = facts.max - facts.reserved;
  const share = facts.used / Math.max(1, free);
  const verdict = verdictOf(share, FULL);
  const doing =
    facts.hidden === 0
      ? `: ${String(facts.active)} active, ${String(facts.idle)} idle, ${String(facts.idleInTransaction)} idle in a transaction`
      : '';
  const most = facts.applications.length === 0 ? '' : `; most: ${facts.applications.join(', ')}`;
  const finding: Finding = {
    subject: 'max_connections',
    verdict,
    found: `${String(facts.used)} of ${String(free)} that roles may have (${shareInWords(share)})${doing}${most}`,
    next: verdict === 'ok' ? null : LIST_IDLE,
    figures: {
      max_connections: facts.max,
      reserved: facts.reserved,
      used: facts.used,
      active: facts.active,
      idle: facts.idle,
      idle_in_transaction: facts.idleInTransaction,
    },
  };
  return { findings: [finding], unseen: [] };
}
