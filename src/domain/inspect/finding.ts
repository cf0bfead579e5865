/** What `tierd inspect` finds: of each thing a verdict, its figures, and the next line to run. */

/** In the order in which they are told: what holds others up today, then what will some day. */
export const SECTIONS = [
  'connections',
  'locks',
  'transactions',
  'prepared',
  'replication',
  'wal',
  'wraparound',
  'queries',
  'tables',
  'indexes',
  'vacuum',
  'bloat',
  'sizes',
  'compression',
] as const;

export type Section = (typeof SECTIONS)[number];

/** `act`: harm is being done, or will be soon. `look`: a person should judge it. */
export type Verdict = 'ok' | 'look' | 'act';

export interface Finding {
  /** `public.ticks`, `pid 4711`, `slot nightly`. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** What was found, with its figures. */
  readonly found: string;
  /** A line to run as it stands, in psql or a shell; null where nothing is to be done. */
  readonly next: string | null;
  /** The same for programs: bytes, seconds and counts, as their names say. */
  readonly figures: Readonly<Record<string, string | number | boolean | null>>;
}

/** What this role, or this server, does not show. */
export interface Unseen {
  readonly what: string;
  /** What makes it seen; null where nothing does. */
  readonly next: string | null;
}

/** What came of one question. */
export interface Judged {
  readonly findings: readonly Finding[];
  readonly unseen: readonly Unseen[];
}

const RANK: Readonly<Record<Verdict, number>> = { ok: 0, look: 1, act: 2 };

export function worstOf(verdicts: readonly Verdict[]): Verdict {
  return verdicts.reduce<Verdict>((worst, next) => (RANK[next] > RANK[worst] ? next : worst), 'ok');
}

/** The worst first, else as they came. */
export function byVerdict<One extends Finding>(findings: readonly One[]): readonly One[] {
  return findings.toSorted((a, b) => RANK[b.verdict] - RANK[a.verdict]);
}

/** By two limits: at `look` or above, at `act` or above. */
export function verdictOf(value: number, limits: { look: number; act: number }): Verdict {
  if (value >= limits.act) return 'act';
  return value >= limits.look ? 'look' : 'ok';
}

/** A finding in which there is nothing to do. */
export function fine(subject: string, found: string, figures: Finding['figures'] = {}): Finding {
  return { subject, verdict: 'ok', found, next: null, figures };
}
