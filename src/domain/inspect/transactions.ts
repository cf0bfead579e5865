import { agree, countOf } from '../count.ts';
import { type Finding, fine, type Judged, verdictOf, worstOf } from './finding.ts';
import { endingOf } from './locks.ts';
import { ageInWords, oneLine, secondsInWords, sessionInWords } from './words.ts';

export interface OpenTransaction {
  readonly pid: number;
  readonly application: string;
  readonly role: string;
  readonly database: string;
  readonly state: string;
  readonly seconds: number;
  /** How long it has been in this state. */
  readonly stateSeconds: number;
  /** Transactions since the oldest that it can see; null where it has no snapshot. */
  readonly snapshotAge: number | null;
  readonly query: string;
}

/** One that does nothing keeps its locks, and dead rows, for nothing. */
const IDLE_SECONDS = { look: 60, act: 3_600 };
/** A report may take long, and what it sees is kept from VACUUM all the while. */
const OPEN_SECONDS = { look: 900, act: 4 * 3_600 };

export function judgeTransactions(open: readonly OpenTransaction[], hidden: number): Judged {
  const findings = open.map(findingOf).filter(({ verdict }) => verdict !== 'ok');
  const oldest = open[0];
  const summary = fine(
    'open',
    oldest === undefined
      ? 'no transaction is open'
      : `${countOf(open.length, 'transaction')} ${agree(open.length, 'is', 'are')} open, the oldest for ${secondsInWords(oldest.seconds)}`,
    { open: open.length, oldest_seconds: oldest?.seconds ?? 0 },
  );
  const what = `what ${countOf(hidden, 'session')} of other roles ${agree(hidden, 'does', 'do')}, and since when`;
  return {
    findings: findings.length === 0 ? [summary] : findings,
    unseen: hidden === 0 ? [] : [{ what, next: null }],
  };
}

function findingOf(one: OpenTransaction): Finding {
  const isIdle = one.state.startsWith('idle in transaction');
  const verdict = worstOf([
    verdictOf(one.seconds, OPEN_SECONDS),
    isIdle ? verdictOf(one.stateSeconds, IDLE_SECONDS) : 'ok',
  ]);
  const state = isIdle
    ? `${one.state} for ${secondsInWords(one.stateSeconds)}, open for ${secondsInWords(one.seconds)}`
    : `${one.state}, in a transaction for ${secondsInWords(one.seconds)}`;
  const kept =
    one.snapshotAge === null
      ? ''
      : `; VACUUM keeps what was deleted in the last ${ageInWords(one.snapshotAge)} transactions`;
  return {
    subject: sessionInWords(one.pid, one.application),
    verdict,
    found: `${one.role} in ${one.database}: ${state}${kept}; its last: ${oneLine(one.query)}`,
    next: endingOf(one.pid, one.state),
    figures: {
      pid: one.pid,
      application: one.application,
      role: one.role,
      database: one.database,
      state: one.state,
      open_seconds: one.seconds,
      state_seconds: one.stateSeconds,
      snapshot_age: one.snapshotAge,
    },
  };
}
