import { countOf } from '../count.ts';
import { sqlLiteral } from '../sql-name.ts';
import { type Finding, fine, type Judged, verdictOf } from './finding.ts';
import { oneLine, secondsInWords, sessionInWords } from './words.ts';

/** One session that waits, and one that it waits for. */
export interface LockWait {
  readonly waiter: number;
  readonly waitSeconds: number;
  readonly mode: string;
  /** Null for what is no table of this database: a row, a transaction, an advisory lock. */
  readonly relation: string | null;
  readonly waiterApplication: string;
  /** 0 is a prepared transaction. */
  readonly blocker: number;
  readonly blockerApplication: string;
  /** Null where this role may not see it. */
  readonly blockerState: string | null;
  readonly blockerSeconds: number | null;
  readonly blockerQuery: string;
}

/** A lock is waited for all the time; for so many seconds it is not. */
const WAIT_SECONDS = { look: 5, act: 60 };

/** One finding for each session at the head of a queue: who ends it lets all behind it go on. */
export function judgeLocks(waits: readonly LockWait[]): Judged {
  if (waits.length === 0) {
    return { findings: [fine('waits', 'nobody waits for a lock')], unseen: [] };
  }
  const waiting = new Set(waits.map(({ waiter }) => waiter));
  const heads = [
    ...new Set(waits.map(({ blocker }) => blocker).filter((pid) => !waiting.has(pid))),
  ];
  // Of a circle the server ends one by itself, within deadlock_timeout.
  if (heads.length === 0) {
    return {
      findings: [fine('waits', 'sessions wait for each other, and the server is about to end one')],
      unseen: [],
    };
  }
  return { findings: heads.map((head) => findingOf(head, waits)), unseen: [] };
}

function findingOf(head: number, waits: readonly LockWait[]): Finding {
  const behind = waitersBehind(head, waits);
  const longest = behind.toSorted((a, b) => b.waitSeconds - a.waitSeconds)[0];
  const first = waits.find(({ blocker }) => blocker === head);
  const waitSeconds = longest?.waitSeconds ?? 0;
  const verdict = verdictOf(waitSeconds, WAIT_SECONDS);
  const sessions = new Set(behind.map(({ waiter }) => waiter));
  const relations = [...new Set(behind.flatMap(({ relation }) => relation ?? []))];
  const on = relations.length === 0 ? '' : ` on ${relations.slice(0, 3).join(', ')}`;
  const subject =
    head === 0 ? 'a prepared transaction' : sessionInWords(head, first?.blockerApplication ?? '');
  const state = head === 0 ? '' : `${stateInWords(first)} `;
  const who =
    longest === undefined
      ? ''
      : ` (${sessionInWords(longest.waiter, longest.waiterApplication)} for ${secondsInWords(waitSeconds)}, ${longest.mode})`;
  const query =
    (first?.blockerQuery ?? '') === '' ? '' : `; its last: ${oneLine(first?.blockerQuery ?? '')}`;
  return {
    subject,
    verdict,
    found: `${state}holds up ${countOf(sessions.size, 'session')}${on}${who}${query}`,
    next: verdict === 'ok' ? null : endingOf(head, first?.blockerState ?? null),
    figures: {
      pid: head,
      sessions_waiting: sessions.size,
      longest_wait_seconds: waitSeconds,
      waiters: [...sessions].join(','),
      relations: relations.join(','),
    },
  };
}

/** All that wait for `head`, or for one that does. */
function waitersBehind(head: number, waits: readonly LockWait[]): readonly LockWait[] {
  const reached = new Set([head]);
  const behind = new Set<LockWait>();
  for (let grew = true; grew; ) {
    grew = false;
    for (const wait of waits) {
      if (!reached.has(wait.blocker) || behind.has(wait)) continue;
      behind.add(wait);
      reached.add(wait.waiter);
      grew = true;
    }
  }
  return [...behind];
}

function stateInWords(wait: LockWait | undefined): string {
  const state = wait?.blockerState ?? null;
  if (state === null) return 'at what this role may not see,';
  const seconds = wait?.blockerSeconds ?? null;
  return seconds === null
    ? `${state},`
    : `${state}, in a transaction for ${secondsInWords(seconds)},`;
}

/** A statement is cancelled; a session that does nothing has none and is ended. */
export function endingOf(pid: number, state: string | null): string {
  if (pid === 0) return 'select gid, prepared, owner, database from pg_prepared_xacts';
  const end = state === 'active' ? 'pg_cancel_backend' : 'pg_terminate_backend';
  return `select ${end}(${String(pid)})`;
}

/** Whoever prepared it may have forgotten: only in the database that it belongs to. */
export function rollbackPrepared(gid: string): string {
  return `rollback prepared ${sqlLiteral(gid)}`;
}
