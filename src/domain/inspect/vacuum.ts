import { agree, countOf } from '../count.ts';
import { sqlTable } from '../sql-name.ts';
import { formatTable, type TableRef } from '../table.ts';
import { type Finding, fine, type Judged, type Verdict } from './finding.ts';
import { countInWords, secondsInWords, shareInWords } from './words.ts';

/** A plain table, a partition or a chunk, by the counters of the server. */
export interface DeadRows {
  readonly root: TableRef;
  readonly table: TableRef;
  readonly live: number;
  readonly dead: number;
  /** So many dead rows make autovacuum come, by the server's settings and the table's own. */
  readonly threshold: number;
  readonly autovacuumOff: boolean;
  /** By a person, tierd or autovacuum; null where never. */
  readonly vacuumedSeconds: number | null;
}

export interface VacuumFacts {
  /** Those with the most dead rows for their threshold first. */
  readonly tables: readonly DeadRows[];
  readonly all: number;
  readonly live: number;
  readonly dead: number;
  readonly autovacuum: boolean;
  readonly trackCounts: boolean;
  readonly workers: number;
  readonly maxWorkers: number;
  /** Who keeps the oldest dead rows from being removed, in words; null where nobody does for long. */
  readonly holder: string | null;
}

/** Autovacuum comes by once a minute: over its threshold is usual, so far over is not. */
const LATE = { look: 1, act: 5 };

export function judgeVacuum(facts: VacuumFacts): Judged {
  const findings = [...settingFindings(facts), ...facts.tables.map((one) => findingOf(one, facts))];
  const summary = fine(
    countOf(facts.all, 'table'),
    `${countInWords(facts.dead)} dead rows beside ${countInWords(facts.live)} live ones, nowhere more than autovacuum waits for`,
    { tables: facts.all, live_rows: facts.live, dead_rows: facts.dead },
  );
  return { findings: findings.length === 0 ? [summary] : findings, unseen: [] };
}

function settingFindings(facts: VacuumFacts): readonly Finding[] {
  const findings: Finding[] = [];
  if (!facts.autovacuum) findings.push(setting('autovacuum'));
  if (!facts.trackCounts) findings.push(setting('track_counts'));
  if (facts.workers >= facts.maxWorkers && facts.tables.length > 0) {
    findings.push({
      subject: 'autovacuum_max_workers',
      verdict: 'look',
      found: `all ${String(facts.maxWorkers)} workers are busy, and ${countOf(facts.tables.length, 'table')} ${agree(facts.tables.length, 'waits', 'wait')} for one`,
      next: 'select pid, relid::regclass, phase, heap_blks_scanned, heap_blks_total from pg_stat_progress_vacuum',
      figures: { workers: facts.workers, max_workers: facts.maxWorkers },
    });
  }
  return findings;
}

function setting(name: string): Finding {
  return {
    subject: name,
    verdict: 'act',
    found:
      'is off: dead rows are never removed, and statistics are never renewed, by the server itself',
    next: `alter system set ${name} = on`,
    figures: {},
  };
}

function findingOf(one: DeadRows, { holder }: VacuumFacts): Finding {
  const { root, table, live, dead, threshold, vacuumedSeconds } = one;
  const late = dead / Math.max(1, threshold);
  const verdict: Verdict = late >= LATE.act || one.autovacuumOff ? 'act' : 'look';
  const last =
    vacuumedSeconds === null ? 'never vacuumed' : `vacuumed ${secondsInWords(vacuumedSeconds)} ago`;
  const off = one.autovacuumOff ? '; autovacuum is off for it' : '';
  const of = formatTable(root) === formatTable(table) ? '' : ` of ${formatTable(root)}`;
  const held = holder === null ? '' : `; ${holder} may keep them from being removed`;
  return {
    subject: `${formatTable(table)}${of}`,
    verdict,
    found: `${countInWords(dead)} dead rows (counted by the server, not read: ${shareInWords(dead / Math.max(1, live + dead))} of all), autovacuum comes at ${countInWords(threshold)}; ${last}${off}${held}`,
    next: `vacuum (verbose, analyze) ${sqlTable(table)}`,
    figures: {
      table: formatTable(root),
      live_rows: live,
      dead_rows: dead,
      threshold,
      vacuumed_seconds: vacuumedSeconds,
      autovacuum_off: one.autovacuumOff,
    },
  };
}
