/** How many connections to PostgreSQL tierd has open at once, and whether there is room for them. */
import type { Check } from './check.ts';
import { sqlName } from './sql-name.ts';

/** The most at any instant, each counted on a server. docs/operations.md has the same figures. */
export const CONNECTIONS = {
  /** What it works on, its lease, the move that is finished and the one that is exported meanwhile. */
  rotation: 4,
  /** What it works on, its lease, and two slices. */
  restore: 4,
  /** Of what changes the lake alone: what it works on, its lease, the commit. */
  change: 3,
  /** Of a source that is drained: what it works on, its lease, the batch that is written, the ledger. */
  source: 4,
  /** The lease, the survey, and what comes and goes: records of runs, pauses, alerts, the page. */
  daemon: 4,
} as const;

/** With the daemon, a rotation, every enabled source followed, and one command by hand. */
function connectionsNeeded(sources: number): number {
  return CONNECTIONS.daemon + CONNECTIONS.rotation + sources * CONNECTIONS.source + 1;
}

/** What a command with this job's name may need, in words. */
export function tellNeed(job: string): string {
  switch (job) {
    case 'rotate':
    case 'cleanup':
      return `a rotation has up to ${String(CONNECTIONS.rotation)} open at once`;
    case 'drain':
      return `a drain has up to ${String(CONNECTIONS.source)} open at once for each source that it follows`;
    case 'restore':
      return `a restore has up to ${String(CONNECTIONS.restore)} open at once`;
    case 'compact':
    case 'correct':
    case 'delete':
    case 'expire':
    case 'ingest':
    case 'tier':
    case 'partitions':
      return `tierd ${job} has up to ${String(CONNECTIONS.change)} open at once`;
    default:
      return `tierd ${job} has one or two open at once`;
  }
}

/** A limit, and how many connections count towards it that are not tierd's. */
export interface ConnectionLimit {
  readonly of: 'role' | 'database' | 'server';
  readonly name: string;
  readonly limit: number;
  readonly others: number;
}

/** `limits` are those that hold for the role; of a superuser the server's alone. */
export function judgeConnections(limits: readonly ConnectionLimit[], sources: number): Check {
  const name = 'connections';
  const need = connectionsNeeded(sources);
  const [tightest] = limits.toSorted((a, b) => roomOf(a) - roomOf(b));
  const drained =
    sources === 0
      ? ''
      : `, ${String(CONNECTIONS.source)} for each of ${String(sources)} sources that are followed`;
  const all = `up to ${String(need)}: ${String(CONNECTIONS.daemon)} of the daemon, ${String(CONNECTIONS.rotation)} of a rotation${drained}, 1 of a command by hand`;
  if (tightest === undefined) return { name, status: 'ok', found: `no limit; tierd has ${all}` };
  const room = Math.max(0, roomOf(tightest));
  const found = `room for ${String(room)} (${describeLimit(tightest)}); tierd has ${all}`;
  if (room >= need) return { name, status: 'ok', found };
  const status = room < CONNECTIONS.rotation ? 'error' : 'warning';
  return { name, status, found, advice: adviceFor(tightest, need) };
}

const roomOf = ({ limit, others }: ConnectionLimit): number => limit - others;

function describeLimit({ of, name, limit, others }: ConnectionLimit): string {
  const whose = {
    role: `role ${name} may have ${String(limit)}`,
    database: `database ${name} may have ${String(limit)}`,
    server: `the server has ${String(limit)} for this role`,
  }[of];
  return `${whose}, ${String(others)} taken by others`;
}

function adviceFor({ of, name, others }: ConnectionLimit, need: number): string {
  switch (of) {
    case 'role':
      return `alter role ${sqlName(name)} connection limit ${String(need + others)}`;
    case 'database':
      return `alter database ${sqlName(name)} connection limit ${String(need + others)}`;
    case 'server':
      return 'end sessions that are idle, or raise max_connections (needs a restart)';
  }
}
